/// Decides whether a gradient may reach the optimiser: it must be finite, and not far longer than those before it.
struct GradientGate {
    /// A gradient this many times as long as usual is refused.
    private static let largestRatio = 10.0
    /// Gradients that "usual" is the median of.
    private static let window = 101
    /// Before so many have been seen there is no "usual".
    private static let leastNorms = 10
    /// Refused steps in a row that end the training.
    static let skipLimit = 3

    /// Of the gradients that passed, oldest first.
    private(set) var norms: [Double] = []
    /// Steps in a row that were refused.
    private(set) var skips = 0

    init(norms: [Double] = [], skips: Int = 0) {
        self.norms = norms
        self.skips = skips
    }

    func passes(norm: Double) -> Bool {
        guard norm.isFinite else { return false }
        guard norms.count >= Self.leastNorms else { return true }
        return norm <= Self.largestRatio * norms.sorted()[norms.count / 2]
    }

    mutating func passed(norm: Double) {
        norms.append(norm)
        if norms.count > Self.window { norms.removeFirst() }
        skips = 0
    }

    mutating func skipped() { skips += 1 }
}
