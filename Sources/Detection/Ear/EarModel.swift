internal import Networks
package import Plant
package import Spectra

/// The ear: per machine three Gaussians over what of a clip is floor, crest and flutter, fitted with the help of its peers.
///
/// score = log Σ over the spectra of the squared Mahalanobis distance. It hears a new machine after a handful of clips.
///
/// Tensors per machine: `TYPE/ID.mean`, `.scale` (3, melBands), `.whitening` (3, melBands·(melBands + 1)/2: triangles
/// row by row), `.heldBack` (clips), `.normals` (clips, 3, melBands). Metadata: `ear.fewestFrames`, and per machine
/// `ear.TYPE/ID.weight`.
package struct EarModel: AnomalyModel {
    package static let kind = "ear"

    package let feature: LogMelParameters
    /// Shorter clips are refused: their spectra scatter more than those the model was trained on.
    package let fewestFrames: Int
    /// In the order of the class table.
    package let members: [EarMachine]
    private let places: [MachineName: Int]

    /// - Parameters:
    ///   - fewestFrames: of a clip that may be scored, at least 2.
    ///   - machines: each once, of the feature's mel bands.
    package init(feature: LogMelParameters, fewestFrames: Int, machines: [EarMachine]) {
        precondition(fewestFrames >= Hearing.fewestFrames, "\(fewestFrames) frames have no step")
        for machine in machines {
            precondition(
                machine.gaussian.melBands == feature.melBands,
                "\(machine.name): \(machine.gaussian.melBands) mel bands, not \(feature.melBands)")
        }
        self.feature = feature
        self.fewestFrames = fewestFrames
        members = machines
        places = Dictionary(uniqueKeysWithValues: machines.enumerated().map { ($1.name, $0) })
    }

    package var machines: [MachineName] { members.map(\.name) }

    /// Of normal clips, by Gaussians that were not fitted to them.
    package var heldBackScores: [MachineName: [Double]] {
        Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.heldBack) })
    }

    package func normalLevels(of machine: MachineName) -> [Float]? {
        places[machine].map { place in
            let mean = members[place].gaussian.mean
            // Half-way between floor and crest.
            return (0..<feature.melBands).map { Float((mean[$0] + mean[feature.melBands + $0]) / 2) }
        }
    }

    package func makeScorer() throws(ModelError) -> any Scorer { try EarScorer(self) }

    /// The machine of that name. Throws `.unknownMachine` with those there are.
    package func member(_ name: MachineName) throws(ModelError) -> EarMachine {
        guard let place = places[name] else { throw .unknownMachine(name, known: machines) }
        return members[place]
    }
}

/// The ear at work on one thread.
private final class EarScorer: Scorer {
    private let model: EarModel
    private let extractor: LogMelExtractor
    private let regions: [SpectrumRegion]

    init(_ model: EarModel) throws(ModelError) {
        self.model = model
        regions = SpectrumRegion.all(of: model.feature)
        do throws(SpectraError) {
            extractor = try LogMelExtractor(model.feature)
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
    }

    func score(_ signal: ClipSignal, machine: MachineName) throws(ModelError) -> ClipScore {
        let member = try model.member(machine)
        let logMel = try signal.logMel(by: extractor, name: machine.description)
        guard logMel.frames >= model.fewestFrames else {
            throw ModelError(
                .wrongLength,
                "a clip of \(machine) has \(logMel.frames) frames and the model needs "
                    + "\(model.fewestFrames); record longer")
        }
        let hearing = logMel.hearing
        let explanation = SpectrumExplanation(of: hearing, by: member, regions: regions)
        let score = EarMachine.score(ofSquaredDistance: explanation.squaredDistance)
        guard score.isFinite else {
            throw ModelError(
                .notFinite, "the score of a clip of \(machine) is not a finite number; check the recording")
        }
        return ClipScore(
            score: score, threshold: member.calibration?.threshold,
            verdict: member.calibration?.verdict(of: score) ?? .normal, embedding: hearing.values.map { Float($0) },
            reason: explanation.reason, shares: explanation.largest)
    }
}
