package import Networks
package import Plant
package import Spectra

/// An OS-SCL network that tells a plant's machines apart: a clip that it does not take for its own machine is anomalous.
///
/// The score is one of several (`rule`). A clip is heard in windows of the network's length: the first, and where
/// `windowHop` is not zero further ones over the rest; the clip's score is that of its most anomalous window, or of the mean
/// of what its windows measure.
///
/// Tensors: those of the network under their published names, and per machine those of its `MachineReference`.
/// Metadata: the architecture (`network.*`), `score`, `arcface.scale`, `arcface.margin`, `windowHop`, `windows`, `openTypes`,
/// and how the network was trained (`recipe.*`).
package struct NetworkModel: AnomalyModel {
    package static let kind = "os-scl"

    package let feature: LogMelParameters
    package let machines: [MachineName]
    package var rule: ScoreRule
    /// The margin and scale that the network was trained with.
    package let arcFace: ArcFace
    /// Frames between the windows of a clip that is longer than the network hears; 0 for its first window alone.
    package var windowHop: Int
    /// A clip measures what its windows do on average; they are crops, as the network was trained on.
    package var averagesWindows: Bool
    /// How the network was trained, by name.
    package var recipe: [String: String] = [:]
    /// Machine types of which machines without a class are scored too: by the least standardised measure that any machine
    /// of the type gives.
    package var openTypes: Set<String> = []
    package var references: [MachineName: MachineReference] = [:]
    package var calibration: [MachineName: Calibration] = [:]

    let network: FoldedNetwork
    let weights: [Safetensors.Tensor]
    private let classes: [MachineName: Int]

    /// Makes a model that scores, with neither thresholds nor what some rules compare with: `calibrated` adds them.
    ///
    /// - Parameters:
    ///   - parameters: the weights to score with, usually the moving average of those trained; they are copied.
    ///   - feature: how the log-mels that the network was trained on were computed.
    ///   - machines: the class table: a machine's place is its class.
    ///   - windowHop: half a window when nil.
    ///
    /// Throws `.damagedFile` where architecture, feature and class table do not fit each other.
    package init(
        _ parameters: Parameters, feature: LogMelParameters, machines: [MachineName], rule: ScoreRule = .logOdds,
        arcFace: ArcFace = ArcFace(), windowHop: Int? = nil, averagesWindows: Bool = false
    ) throws(ModelError) {
        let a = parameters.architecture
        func failure(_ reason: String) -> ModelError {
            ModelError(.damagedFile, "the network makes no sense: \(reason)")
        }
        guard machines.count == a.classes, Set(machines).count == machines.count else {
            throw failure("it has \(a.classes) classes and a class table of \(Set(machines).count) machines")
        }
        guard feature.melBands == a.melBands else {
            throw failure("it sees \(a.melBands) mel bands and its feature has \(feature.melBands)")
        }
        guard !a.usesWave || feature.frameCount(sampleCount: a.waveSamples) == a.frames else {
            let frames = feature.frameCount(sampleCount: a.waveSamples)
            throw failure("\(a.waveSamples) samples make \(frames) frames of its feature and it sees \(a.frames)")
        }
        self.feature = feature
        self.machines = machines
        self.rule = rule
        self.arcFace = arcFace
        self.windowHop = windowHop ?? max(a.frames / 2, 1)
        self.averagesWindows = averagesWindows
        classes = Dictionary(uniqueKeysWithValues: machines.enumerated().map { ($1, $0) })
        weights = parameters.tensors
        network = FoldedNetwork(parameters)
    }

    package var architecture: Architecture { network.architecture }

    /// Samples of one window.
    package var windowSamples: Int {
        let a = architecture
        let isStated = a.usesWave || feature.frameCount(sampleCount: a.waveSamples) == a.frames
        return isStated ? a.waveSamples : max((a.frames - 1) * feature.hopLength, 1)
    }

    /// Of the network alone: two models whose references or thresholds differ have the same.
    package var weightsHash: ContentHash { ContentHash(of: Safetensors(tensors: weights).encoded()) }

    package func normalLevels(of machine: MachineName) -> [Float]? {
        references[machine]?.density.map { Array($0.mean.prefix(feature.melBands)) }
    }

    package func makeScorer() throws(ModelError) -> any Scorer { try makeListener() }

    /// What one thread listens with: a scorer that also measures.
    package func makeListener() throws(ModelError) -> NetworkListener { try NetworkListener(self) }

    /// The class of a machine. Throws `.unknownMachine`.
    func classIndex(_ machine: MachineName) throws(ModelError) -> Int {
        guard let index = classes[machine] else { throw .unknownMachine(machine, known: machines) }
        return index
    }
}
