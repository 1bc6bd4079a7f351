internal import Networks
package import Plant
package import Spectra

/// One Gaussian per machine over the mean and deviation of its log-mel bands: the model that every other must beat.
///
/// score = Mahalanobis distance of the clip's embedding (`LogMel.timeStatistics`) from the machine's normal clips, under
/// a Ledoit–Wolf covariance. It needs no second machine to compare with, and a handful of clips.
///
/// Tensors per machine: `TYPE/ID.mean`, `.scale` (2·melBands), `.whitening` (2·melBands, 2·melBands), `.neighbours`
/// (clips, 2·melBands). Metadata: `density.fewestFrames`.
package struct DensityModel: AnomalyModel {
    package static let kind = "density"

    package struct Machine: Sendable {
        package var name: MachineName
        package var density: MachineDensity
        /// Nil where nobody chose a threshold.
        package var calibration: Calibration?

        package init(name: MachineName, density: MachineDensity, calibration: Calibration?) {
            self.name = name
            self.density = density
            self.calibration = calibration
        }
    }

    package let feature: LogMelParameters
    /// Shorter clips are refused: their statistics scatter more than those the model was trained on.
    package let fewestFrames: Int
    /// In the order of the class table.
    let members: [Machine]
    private let places: [MachineName: Int]

    /// - Parameters:
    ///   - fewestFrames: of a clip that may be scored, at least 2.
    ///   - machines: each once, with embeddings of 2 · melBands values.
    package init(feature: LogMelParameters, fewestFrames: Int, machines: [Machine]) {
        precondition(fewestFrames >= 2, "\(fewestFrames) frames have no deviation")
        for machine in machines {
            precondition(
                machine.density.dimension == 2 * feature.melBands,
                "\(machine.name): \(machine.density.dimension) dimensions for \(feature.melBands) mel bands")
        }
        self.feature = feature
        self.fewestFrames = fewestFrames
        members = machines
        places = Dictionary(uniqueKeysWithValues: machines.enumerated().map { ($1.name, $0) })
    }

    package var machines: [MachineName] { members.map(\.name) }

    package func normalLevels(of machine: MachineName) -> [Float]? {
        places[machine].map { Array(members[$0].density.mean.prefix(feature.melBands)) }
    }

    package func makeScorer() throws(ModelError) -> any Scorer { try DensityScorer(self) }

    /// The machine of that name. Throws `.unknownMachine` with those there are.
    func member(_ name: MachineName) throws(ModelError) -> Machine {
        guard let place = places[name] else { throw .unknownMachine(name, known: machines) }
        return members[place]
    }
}

/// A density model at work on one thread.
private final class DensityScorer: Scorer {
    private let model: DensityModel
    private let extractor: LogMelExtractor

    init(_ model: DensityModel) throws(ModelError) {
        self.model = model
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
        let embedding = logMel.timeStatistics
        let distances = member.density.distances(of: embedding)
        guard distances.mahalanobis.isFinite, distances.neighbour.isFinite else {
            throw ModelError(
                .notFinite, "the score of a clip of \(machine) is not a finite number; check the recording")
        }
        return ClipScore(
            score: distances.mahalanobis, neighbourDistance: distances.neighbour,
            threshold: member.calibration?.threshold,
            verdict: member.calibration?.verdict(of: distances.mahalanobis) ?? .normal, embedding: embedding)
    }
}
