internal import Detection
package import Plant
package import Spectra
package import Wire

/// The training of a density model: workers turn clips into embeddings, the coordinator fits the densities.
///
/// Only normal training clips are used. They are sorted by machine and path and cut into shards of fixed size, so that
/// neither the dataset's order nor the number of workers reaches the model. A clip that cannot be used, and a machine
/// that has too few, are left out and named in the notices.
package struct DensityTraining: ShardedRun {
    package static let kind = DensityModel.kind

    private let feature: LogMelParameters
    private let falseAlarmRate: Double
    /// By shard.
    private let clips: [[ShardClip]]
    private var shards: ShardList<[ClipOutcome<EmbedShard.Output.Embedding>]>

    /// - Parameters:
    ///   - clips: of the dataset, of any use.
    ///   - feature: how the dataset's log-mels were computed, or what to compute of recordings.
    ///   - shardSize: clips per shard, at least 1.
    ///   - falseAlarmRate: of the thresholds, above 0 and below 1.
    package init(clips: [DatasetClip], feature: LogMelParameters, shardSize: Int = 16, falseAlarmRate: Double = 0.05) {
        precondition(falseAlarmRate > 0 && falseAlarmRate < 1, "a false-alarm rate of \(falseAlarmRate)")
        self.feature = feature
        self.falseAlarmRate = falseAlarmRate
        let used = clips.filter { $0.split == .train && !$0.isAnomaly }.inFixedOrder
        self.clips = used.map { ShardClip($0) }.cut(into: shardSize)
        shards = ShardList(
            self.clips.enumerated().map { index, clips in
                ShardRequest(
                    place: ShardPlace(shard: UInt32(index)), kind: EmbedShard.kind,
                    specification: EmbedShard(feature: feature.record, clips: clips).encoded())
            })
    }

    package var outstanding: [ShardRequest] { shards.outstanding }
    package var progress: Double { shards.progress }
    package var isComplete: Bool { shards.isComplete }

    package mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        let (clips, width) = (clips, 2 * feature.melBands)
        return try shards.fold(of: place) { index throws(WireError) in
            let outcomes = try EmbedShard.Output(decoding: output).clips
            guard outcomes.count == clips[index].count else {
                throw WireError(.wrongOutput, "\(outcomes.count) embeddings for \(clips[index].count) clips")
            }
            for case .done(let embedding) in outcomes
            where embedding.values.count != width || !embedding.values.allSatisfy(\.isFinite) {
                throw WireError(.wrongOutput, "an embedding is not \(width) finite numbers")
            }
            return outcomes
        }
    }

    package func finish() throws(RunFailure) -> RunResult {
        precondition(isComplete, "\(shards.missing) shards are outstanding")
        var notices: [String] = []
        var embeddings: [MachineName: [[Float]]] = [:]
        var shortest = Int.max
        for (clip, outcome) in zip(clips.joined(), shards.outputs.compactMap { $0 }.joined()) {
            switch outcome {
            case .done(let embedding):
                embeddings[clip.machine, default: []].append(embedding.values)
                shortest = min(shortest, embedding.frameCount)
            case .unusable(let reason): notices.append(reason)
            }
        }
        var machines: [DensityModel.Machine] = []
        for (name, embeddings) in embeddings.sorted(by: { $0.key < $1.key }) {
            do throws(ModelError) {
                machines.append(
                    try DensityModel.Machine(fitting: name, to: embeddings, falseAlarmRate: falseAlarmRate))
            } catch {
                notices.append(error.reason)
            }
        }
        guard !machines.isEmpty else {
            throw RunFailure(
                "no machine has enough normal training clips; " + (notices.first ?? "the dataset has no training clip"))
        }
        let model = DensityModel(feature: feature, fewestFrames: max(2, shortest / 2), machines: machines).file
        return .model(
            TrainedModel(
                kind: model.kind, machines: model.machines, feature: model.feature, weightsHash: model.weightsHash,
                file: model.encoded(),
                notices: notices))
    }
}
