/// How log-mel clips of a gateway were computed, as stored beside the clip.
package struct FeatureRecord: Hashable, Sendable {
    package var sampleRateHz: Int
    package var fftLength: Int
    package var hopLength: Int
    package var melBands: Int
    package var reflectPadding: Bool

    package init(sampleRateHz: Int, fftLength: Int, hopLength: Int, melBands: Int, reflectPadding: Bool) {
        self.sampleRateHz = sampleRateHz
        self.fftLength = fftLength
        self.hopLength = hopLength
        self.melBands = melBands
        self.reflectPadding = reflectPadding
    }
}
