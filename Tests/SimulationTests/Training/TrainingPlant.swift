import Detection
import Networks
import Nodes
import Plant
import Spectra
import Synchronization
import Tensors
import Training
import Wire

/// The clips of a small plant, a network of a few hundred weights, and the true output of every shard.
///
/// Shards are pure, so that all worlds share one memory of what was computed.
final class TrainingPlant: Sendable {
    static let steps = 4
    private static let feature = FeatureRecord(
        sampleRateHz: 16_000, fftLength: 1024, hopLength: 512, melBands: 6, reflectPadding: true)

    let clips: [DatasetClip]
    private let content: [ContentHash: [UInt8]]
    private let outputs = Mutex<[ContentHash: [UInt8]]>([:])

    struct Impossible: Error {}

    init() throws {
        var (clips, content): ([DatasetClip], [ContentHash: [UInt8]]) = ([], [:])
        for (number, text) in ["fan/id_00", "pump/id_02", "valve/id_01"].enumerated() {
            guard let machine = MachineName(text) else { throw Impossible() }
            var random = CounterRandom(11, UInt64(number))
            for index in 0..<8 {
                let levels = (0..<6).map { Double(10 * number + 3 * $0) - 40 + random.nextNormal() }
                let values = levels.flatMap { level in (0..<20).map { _ in Float(level + 2 * random.nextNormal()) } }
                let bytes = NumPyArray.bytes(of: LogMel(melBands: 6, frames: 20, values: values))
                content[ContentHash(of: bytes)] = bytes
                clips.append(
                    DatasetClip(
                        machine: machine, split: .train, isAnomaly: false, format: .logMel, path: "\(text)/\(index)",
                        sha256: ContentHash(of: bytes)))
            }
        }
        (self.clips, self.content) = (clips, content)
    }

    /// The training that every world runs.
    func plan() throws -> RunPlanner.Plan {
        var architecture = Architecture(channels: [.logMel])
        (architecture.stemChannels, architecture.trunkChannels) = (16, 32)
        (architecture.embeddingSize, architecture.hiddenSize) = (16, 16)
        architecture.stages = [Architecture.Stage(expansion: 2, channels: 16, repeats: 2)]
        var recipe = TrainingRecipe(architecture: architecture, length: .steps(Self.steps))
        (recipe.batch, recipe.shard, recipe.validationInterval) = (12, 3, 2)
        let training = OSSCLTraining(clips: clips, feature: try LogMelParameters(Self.feature), recipe: recipe)
        return RunPlanner.Plan(work: training, clipCount: clips.count)
    }

    /// What an honest worker returns.
    ///
    /// - Parameter weights: by their hash, as the broker holds them.
    func output(of work: WireShardWork, weights: [ContentHash: [UInt8]]) throws -> [UInt8] {
        let specification = [UInt8](work.specification)
        let key = ContentHash(of: Array(work.kind.utf8) + specification)
        if let known = outputs.withLock({ $0[key] }) { return known }
        let output = try ShardWorker().output(kind: work.kind, specification: specification) { hash in
            guard let bytes = content[hash] ?? weights[hash] else {
                throw WireError(.unknownContent, "\(hash) is not there")
            }
            return bytes
        }
        outputs.withLock { $0[key] = output }
        return output
    }
}

extension TrainingScenario.Vice {
    /// What a worker with this vice makes of the true output; nil: nothing.
    func spoiled(_ output: [UInt8], kind: String) throws -> [UInt8]? {
        switch self {
        case .silent: nil
        case .fails, .wrongHash: output
        case .garbage: [0xFF, 0xFF, 0xFF]
        case .notFinite: try changed(output, kind) { $0[0] = .nan }
        case .wrongShape: try changed(output, kind) { $0.removeLast() }
        case .deviates: try changed(output, kind) { $0[0] += 0.125 }
        }
    }

    /// The output with other numbers: features, or a gradient. What has neither stays as it is.
    private func changed(_ output: [UInt8], _ kind: String, _ change: (inout [Float]) -> Void) throws -> [UInt8] {
        switch kind {
        case ForwardShard.kind:
            var forward = try ForwardShard.Output(decoding: output)
            change(&forward.features)
            return forward.encoded()
        case BackwardShard.kind:
            var backward = try BackwardShard.Output(decoding: output)
            change(&backward.gradient)
            return backward.encoded()
        default: return output
        }
    }
}
