/// The part that some frequencies of one spectrum have in a clip's score.
package struct ScoreShare: Hashable, Codable, Sendable {
    /// How many of a score are told.
    package static let limit = 5

    /// `floor`, `crest` or `flutter`.
    package var spectrum: String
    package var lowHz: Double
    package var highHz: Double
    /// Of the whole, which is 1.
    package var share: Double

    package init(spectrum: String, lowHz: Double, highHz: Double, share: Double) {
        (self.spectrum, self.lowHz, self.highHz, self.share) = (spectrum, lowHz, highHz, share)
    }
}
