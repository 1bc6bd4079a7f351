/// What a model said about one clip.
package struct ScoreRecord: Hashable, Sendable {
    package var modelVersion: String
    package var score: Double
    package var logOdds: Double?
    package var threshold: Double?
    /// `normal` or `anomalous`.
    package var verdict: String
    /// Distance to the nearest training clip, where the model knows it.
    package var neighbourDistance: Double?
    /// Quality flags such as `clipping`.
    package var flags: [String]
    /// Where the clip differs most from normal ones, in words.
    package var reason: String?
    /// What makes up most of the score, largest first.
    package var shares: [ScoreShare]
    package var queueMilliseconds: Double
    package var computeMilliseconds: Double

    package init(
        modelVersion: String, score: Double, logOdds: Double?, threshold: Double?, verdict: String,
        neighbourDistance: Double?, flags: [String], reason: String? = nil, shares: [ScoreShare] = [],
        queueMilliseconds: Double, computeMilliseconds: Double
    ) {
        self.modelVersion = modelVersion
        self.score = score
        self.logOdds = logOdds
        self.threshold = threshold
        self.verdict = verdict
        self.neighbourDistance = neighbourDistance
        self.flags = flags
        self.reason = reason
        self.shares = shares
        self.queueMilliseconds = queueMilliseconds
        self.computeMilliseconds = computeMilliseconds
    }
}

extension ScoreRecord {
    /// What is kept for years: why a clip counts as normal is not.
    package var worthKeeping: ScoreRecord {
        guard verdict == "normal" else { return self }
        var record = self
        (record.reason, record.shares) = (nil, [])
        return record
    }
}
