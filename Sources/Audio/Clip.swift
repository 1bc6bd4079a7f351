/// One channel of a recording at the rate that a model listens with, and what is peculiar about it.
package struct Clip: Sendable {
    package let name: String
    package let sampleRateHz: Int
    package let samples: [Float]
    package let quality: QualityReport
    /// What had to be repaired to read the file.
    package let warnings: [Recording.Warning]

    /// Refuses a clip that must not be scored: the sensor is broken, or there is too little to hear.
    ///
    /// - Parameter sampleCount: what the model needs, at `sampleRateHz`.
    /// - Throws: `AudioError` with code `silent`, `stuck` or `tooShort`.
    package func requireScorable(sampleCount: Int) throws(AudioError) {
        if quality.flags.contains(.silence) {
            throw AudioError(
                .silent, clip: name,
                "is silent (\(quality.levelDecibels) dB of full scale): a sensor fault. Check the sensor.")
        }
        if quality.flags.contains(.stuckSamples) {
            throw AudioError(
                .stuck, clip: name,
                "repeats one value for \(quality.longestStuckSeconds) s: a sensor fault. Check the sensor.")
        }
        if samples.count < sampleCount {
            throw AudioError(
                .tooShort, clip: name,
                "has \(samples.count) samples at \(sampleRateHz) Hz, the model needs \(sampleCount). "
                    + "Record at least \(Double(sampleCount) / Double(sampleRateHz)) s.")
        }
    }
}
