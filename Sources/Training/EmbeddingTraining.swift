package import Detection
package import Plant
package import Spectra
package import Wire

/// The training of a model that is fitted to one embedding per clip: workers embed clips, the coordinator fits.
///
/// Only normal training clips are used. They are sorted by machine and path and cut into shards of fixed size, so that
/// neither the dataset's order nor the number of workers reaches the model. A clip that cannot be used, and a machine
/// that has too few, are left out and named.
package struct EmbeddingTraining: ShardedRun {
    /// What is fitted.
    package enum Recipe: Sendable {
        case density
        case ear
        /// One machine alone, beside those that are known.
        case enrolment(EarEnrolment)

        /// The recipe of models of that kind; nil where they are not fitted to embeddings.
        package init?(kind: String) {
            switch kind {
            case DensityModel.kind: self = .density
            case EarModel.kind: self = .ear
            default: return nil
            }
        }

        fileprivate var embedding: EmbedShard.Embedding {
            switch self {
            case .density: .timeStatistics
            case .ear, .enrolment: .hearing
            }
        }

        /// Numbers of an embedding.
        fileprivate func width(_ melBands: Int) -> Int {
            switch self {
            case .density: 2 * melBands
            case .ear, .enrolment: Hearing.Spectrum.allCases.count * melBands
            }
        }
    }

    private let recipe: Recipe
    private let feature: LogMelParameters
    private let falseAlarmRate: Double
    /// By shard.
    private let clips: [[ShardClip]]
    private var shards: ShardList<[ClipOutcome<EmbedShard.Output.Clip>]>

    /// - Parameters:
    ///   - clips: of the dataset, of any use.
    ///   - feature: how the dataset's log-mels were computed, or what to compute of recordings.
    ///   - shardSize: clips per shard, at least 1.
    ///   - falseAlarmRate: of the thresholds, above 0 and below 1.
    package init(
        _ recipe: Recipe, clips: [DatasetClip], feature: LogMelParameters, shardSize: Int = 16,
        falseAlarmRate: Double = 0.05
    ) {
        precondition(falseAlarmRate > 0 && falseAlarmRate < 1, "a false-alarm rate of \(falseAlarmRate)")
        self.recipe = recipe
        self.feature = feature
        self.falseAlarmRate = falseAlarmRate
        let used = clips.filter { $0.split == .train && !$0.isAnomaly }.inFixedOrder
        self.clips = used.map { ShardClip($0) }.cut(into: shardSize)
        shards = ShardList(
            self.clips.enumerated().map { index, clips in
                ShardRequest(
                    place: ShardPlace(shard: UInt32(index)), kind: EmbedShard.kind,
                    specification: EmbedShard(
                        feature: feature.record, clips: clips, embedding: recipe.embedding
                    ).encoded())
            })
    }

    package var outstanding: [ShardRequest] { shards.outstanding }
    package var progress: Double { shards.progress }
    package var isComplete: Bool { shards.isComplete }

    package mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        let (clips, width) = (clips, recipe.width(feature.melBands))
        return try shards.fold(of: place) { index throws(WireError) in
            let outcomes = try EmbedShard.Output(decoding: output).clips
            guard outcomes.count == clips[index].count else {
                throw WireError(.wrongOutput, "\(outcomes.count) embeddings for \(clips[index].count) clips")
            }
            for case .done(let clip) in outcomes
            where clip.values.count != width || !clip.values.allSatisfy(\.isFinite) {
                throw WireError(.wrongOutput, "an embedding is not \(width) finite numbers")
            }
            return outcomes
        }
    }

    package func finish() throws(RunFailure) -> RunResult {
        precondition(isComplete, "\(shards.missing) shards are outstanding")
        var leftOut: [LeftOut] = []
        var embeddings: [MachineName: [[Double]]] = [:]
        var shortest = Int.max
        for (clip, outcome) in zip(clips.joined(), shards.outputs.compactMap { $0 }.joined()) {
            switch outcome {
            case .done(let embedded):
                embeddings[clip.machine, default: []].append(embedded.values)
                shortest = min(shortest, embedded.frameCount)
            case .unusable(let reason):
                leftOut.append(LeftOut(machine: clip.machine, clip: clip.name, reason: reason))
            }
        }
        let (fitted, lacking) = fit(embeddings, fewestFrames: shortest == .max ? 2 : max(2, shortest / 2))
        leftOut += lacking
        guard var model = fitted else {
            throw RunFailure(
                "no machine has enough normal training clips; "
                    + (leftOut.first?.reason ?? "the dataset has no training clip"))
        }
        model.leftOut = leftOut
        return .model(model)
    }

    private func fit(
        _ embeddings: [MachineName: [[Double]]], fewestFrames: Int
    ) -> (model: TrainedModel?, leftOut: [LeftOut]) {
        switch recipe {
        case .density:
            let (model, leftOut) = DensityModel.fitted(
                to: embeddings.mapValues { $0.map { $0.map { Float($0) } } }, feature: feature,
                fewestFrames: fewestFrames, falseAlarmRate: falseAlarmRate)
            return (model.map { TrainedModel($0.file) }, leftOut)
        case .ear:
            let (model, leftOut) = EarModel.fitted(
                to: embeddings.mapValues { $0.map { Hearing(values: $0) } }, feature: feature,
                fewestFrames: fewestFrames, falseAlarmRate: falseAlarmRate)
            return (model.map { TrainedModel($0.file) }, leftOut)
        case .enrolment(let enrolment):
            let clips = embeddings[enrolment.machine, default: []].map { Hearing(values: $0) }
            do throws(ModelError) {
                let outcome = try enrolment.outcome(
                    of: clips, feature: feature, fewestFrames: fewestFrames, falseAlarmRate: falseAlarmRate)
                var model = TrainedModel(outcome.model.file)
                model.enrolment = .init(
                    machine: enrolment.machine, clips: outcome.model.members[0].normals.count,
                    proxyAUC: outcome.proxyAUC, isFit: outcome.isFit)
                return (model, [])
            } catch {
                return (nil, [LeftOut(machine: enrolment.machine, reason: error.reason)])
            }
        }
    }
}

extension TrainedModel {
    fileprivate init(_ file: ModelFile) {
        self.init(
            kind: file.kind, machines: file.machines, feature: file.feature, weightsHash: file.weightsHash,
            file: file.encoded(), leftOut: [])
    }
}
