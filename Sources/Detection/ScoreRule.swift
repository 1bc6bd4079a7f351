/// Which of its measures a network's model calls the score of a clip; the raw value is the word in model files.
package enum ScoreRule: String, Sendable, Hashable, CaseIterable {
    /// How much likelier all other machines together are than the clip's own, as a natural logarithm.
    case logOdds = "log-odds"
    /// −log of the probability of the clip's own machine, as the paper scores: the ranking of the log-odds, with ties.
    case crossEntropy = "oscl"
    /// 1 − the cosine with the nearest centre of the clip's own machine.
    case cosine
    /// The distance to the machine's training clips over their local density: `NeighbourBank`.
    case neighbours = "knn"
    /// The sum of log-odds and Mahalanobis distance (`MachineDensity`), each standardised on held-back normal clips.
    case hybrid

    /// All of them, as a sentence lists them.
    package static let names = allCases.map(\.rawValue).joined(separator: ", ")
}
