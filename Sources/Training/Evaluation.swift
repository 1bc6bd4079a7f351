internal import Detection
package import Plant
package import Wire

/// The evaluation of a model on the test clips of a dataset: workers score, the coordinator draws the curves.
///
/// A clip that cannot be scored, be it for its machine, its feature or its content, is left out and named.
package struct Evaluation: ShardedRun {
    private let seed: UInt64
    /// By shard.
    private let clips: [[DatasetClip]]
    private var shards: ShardList<[ClipOutcome<ScoreShard.Output.Score>]>

    /// - Parameters:
    ///   - clips: of the dataset, of any use; those for testing are scored.
    ///   - model: hash of the model's file.
    ///   - feature: how the dataset's log-mels were computed; nil where it has none.
    ///   - shardSize: clips per shard, at least 1.
    ///   - seed: of the bootstrap intervals.
    package init(
        clips: [DatasetClip], model: ContentHash, feature: FeatureRecord?, shardSize: Int = 16, seed: UInt64 = 1
    ) {
        self.seed = seed
        self.clips = clips.filter { $0.split == .test }.inFixedOrder.cut(into: shardSize)
        shards = ShardList(
            self.clips.enumerated().map { index, clips in
                ShardRequest(
                    place: ShardPlace(shard: UInt32(index)), kind: ScoreShard.kind,
                    specification: ScoreShard(
                        model: model, feature: feature, clips: clips.map { ShardClip($0) }
                    ).encoded())
            })
    }

    package var outstanding: [ShardRequest] { shards.outstanding }
    package var progress: Double { shards.progress }
    package var isComplete: Bool { shards.isComplete }

    package mutating func fold(_ output: [UInt8], of place: ShardPlace) throws(WireError) -> Folding {
        let clips = clips
        return try shards.fold(of: place) { index throws(WireError) in
            let outcomes = try ScoreShard.Output(decoding: output).clips
            guard outcomes.count == clips[index].count else {
                throw WireError(.wrongOutput, "\(outcomes.count) scores for \(clips[index].count) clips")
            }
            for case .done(let score) in outcomes where !score.score.isFinite {
                throw WireError(.wrongOutput, "a score is not a finite number")
            }
            return outcomes
        }
    }

    package func finish() throws(RunFailure) -> RunResult {
        precondition(isComplete, "\(shards.missing) shards are outstanding")
        var scored: [EvaluationResult.Clip] = []
        var leftOut: [LeftOut] = []
        for (clip, outcome) in zip(clips.joined(), shards.outputs.compactMap { $0 }.joined()) {
            switch outcome {
            case .done(let score):
                scored.append(.init(clip: ShardClip(clip), isAnomaly: clip.isAnomaly, score: score))
            case .unusable(let reason):
                leftOut.append(LeftOut(machine: clip.machine, clip: clip.path, reason: reason))
            }
        }
        guard !scored.isEmpty else {
            throw RunFailure(
                "no test clip could be scored; " + (leftOut.first?.reason ?? "the dataset has no test clip"))
        }
        let report = DetectionReport(
            of: scored.map { .init(machine: $0.clip.machine, isAnomaly: $0.isAnomaly, score: $0.score.score) },
            seed: seed)
        let drawn = Set(report.machines.map(\.name))
        for machine in Set(scored.map(\.clip.machine)).subtracting(drawn).sorted() {
            leftOut.append(
                LeftOut(
                    machine: machine,
                    reason: "\(machine) has only normal or only anomalous test clips, so it has no AUC"))
        }
        return .evaluation(EvaluationResult(report: report, clips: scored, leftOut: leftOut))
    }
}
