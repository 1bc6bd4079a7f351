package import Plant

/// What a model says of one clip.
package struct ClipScore: Sendable, Equatable {
    package enum Verdict: String, Sendable { case normal, anomalous }

    /// Higher means more anomalous; the scale is the model's own.
    package var score: Double
    /// Of classifiers: how much more probable all other machines together are than the clip's own (natural logarithm).
    package var logOdds: Double?
    /// Of classifiers: −log of the clip's own machine's probability.
    package var crossEntropy: Double?
    /// To the nearest training clip of the machine, where the model knows it.
    package var neighbourDistance: Double?
    /// The score above which the machine's clips count as anomalous; nil where the model was not calibrated.
    package var threshold: Double?
    package var verdict: Verdict
    /// Where the clip lies in the model's space.
    package var embedding: [Float]?
    /// Where the clip differs most from normal ones, in words.
    package var reason: String?
    /// The parts of the clip that make up most of the score, largest first.
    package var shares: [ScoreShare]

    package init(
        score: Double, logOdds: Double? = nil, crossEntropy: Double? = nil, neighbourDistance: Double? = nil,
        threshold: Double? = nil, verdict: Verdict, embedding: [Float]? = nil,
        reason: String? = nil, shares: [ScoreShare] = []
    ) {
        self.score = score
        self.logOdds = logOdds
        self.crossEntropy = crossEntropy
        self.neighbourDistance = neighbourDistance
        self.threshold = threshold
        self.verdict = verdict
        self.embedding = embedding
        self.reason = reason
        self.shares = shares
    }
}
