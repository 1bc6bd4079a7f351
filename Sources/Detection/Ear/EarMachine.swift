private import Glibc
package import Plant

/// One machine as the ear knows it.
package struct EarMachine: Sendable {
    package let name: MachineName
    package let gaussian: HearingGaussian
    /// One of the machine's own clips counts as much as so many of its peers'; infinite where they do not count.
    package let weight: Double
    /// The score of every normal clip by a Gaussian fitted without it and its neighbours in time.
    package let heldBack: [Double]
    /// What it was fitted to, in the clips' order: whoever has a new peer, or a clip more, is fitted to it again.
    package let normals: [Hearing]
    /// Nil where nobody chose a threshold.
    package var calibration: Calibration?

    package init(
        name: MachineName, gaussian: HearingGaussian, weight: Double, heldBack: [Double], normals: [Hearing],
        calibration: Calibration?
    ) {
        (self.name, self.gaussian, self.weight) = (name, gaussian, weight)
        (self.heldBack, self.normals, self.calibration) = (heldBack, normals, calibration)
    }
}

// MARK: Fitting

extension EarMachine {
    /// How much less a peer's clip may count than an own one.
    private static let weights = [1, 2, 4, 8, 16, Double.infinity]
    /// Clips with which choosing among them begins.
    private static let fewestToChoose = 4
    private static let folds = 5

    /// Fits the machine, its weight being that under which held-back clips are likeliest; the first of equals.
    ///
    /// - Parameter normals: in an order that keeps neighbours in time together.
    ///
    /// Throws `.tooFewClips` or `.noVariety`.
    init(fitting name: MachineName, to normals: [Hearing], peers: HearingPeers) throws(ModelError) {
        let fewest = peers.degrees > 0 ? 2 : 3
        guard normals.count >= fewest else {
            throw ModelError(
                .tooFewClips,
                "\(name) has \(normals.count) usable normal clips for training and needs \(fewest); record more")
        }
        guard Set(normals).count > 1 else { throw .noVariety(name, clips: normals.count) }
        let folds = HearingFolds(of: normals, folds: Self.folds)
        let weights =
            if peers.degrees == 0 { [Double.infinity] } else if normals.count < Self.fewestToChoose {
                [Self.weights[0]]
            } else { Self.weights }
        var best: (weight: Double, trial: HearingFolds.Trial, gaussian: HearingGaussian)?
        for weight in weights {
            guard let trial = folds.trial(peers: peers, weight: weight),
                trial.logLikelihood > best?.trial.logLikelihood ?? -.infinity,
                let gaussian = HearingGaussian(folds.whole, peers: peers, weight: weight)
            else { continue }
            best = (weight, trial, gaussian)
        }
        guard let best else { throw .noVariety(name, clips: normals.count) }
        self.init(
            name: name, gaussian: best.gaussian, weight: best.weight, heldBack: best.trial.scores, normals: normals,
            calibration: nil)
    }

    /// Higher means stranger.
    package func score(of hearing: Hearing) -> Double {
        Self.score(ofSquaredDistance: gaussian.squaredDistance(of: hearing))
    }

    /// What a squared distance is as a score.
    static func score(ofSquaredDistance square: Double) -> Double { log(max(square, .leastNormalMagnitude)) }
}

extension ModelError {
    fileprivate static func noVariety(_ machine: MachineName, clips: Int) -> ModelError {
        ModelError(
            .noVariety,
            "the \(clips) normal training clips of \(machine) all sound the same; record it at different times")
    }
}

/// A machine's normal hearings, cut into blocks of their order, each of which is held back once.
///
/// Clips of one recording resemble each other: taken out one by one, or every fifth, they would flatter.
struct HearingFolds {
    /// What one weight makes of the hearings that are held back.
    struct Trial {
        /// In the hearings' order.
        var scores: [Double]
        /// Of all of them, but for a constant.
        var logLikelihood: Double
    }

    let whole: HearingScatter
    private let blocks: [(held: ArraySlice<Hearing>, rest: HearingScatter)]

    /// - Parameters:
    ///   - normals: two or more.
    ///   - folds: as many as there are hearings where those are fewer.
    init(of normals: [Hearing], folds: Int) {
        let (count, folds) = (normals.count, min(folds, normals.count))
        // The first of block j is the least i with i · folds / count = j.
        let borders = (0...folds).map { ($0 * count + folds - 1) / folds }
        let held = zip(borders, borders.dropFirst()).map { normals[$0..<$1] }
        let melBands = normals[0].melBands
        let sums = held.map { HearingSums(of: $0, melBands: melBands) }
        var all = HearingSums(melBands: melBands)
        for sum in sums { all += sum }
        whole = all.scatter
        blocks = zip(held, sums).map { ($0, (all - $1).scatter) }
    }

    /// Nil where the weight makes no Gaussian, or a hearing lies at its very mean.
    func trial(peers: HearingPeers, weight: Double) -> Trial? {
        var trial = Trial(scores: [], logLikelihood: 0)
        for (held, rest) in blocks {
            guard let gaussian = HearingGaussian(rest, peers: peers, weight: weight) else { return nil }
            for hearing in held {
                let square = gaussian.squaredDistance(of: hearing)
                guard square > 0, square.isFinite else { return nil }
                trial.scores.append(EarMachine.score(ofSquaredDistance: square))
                trial.logLikelihood += gaussian.logPeak - square / 2
            }
        }
        return trial
    }
}
