internal import Detection
internal import Plant
internal import Spectra
internal import Wire

/// The clips are looked at, to find which of them a network can be trained on.
struct SurveyStage: TrainingStage {
    /// Clips per shard.
    private static let shard = 16

    var shards: ShardList<[ClipOutcome<SurveyShard.Output.Extent>]>
    private let clips: Int

    init(_ clips: [DatasetClip], feature: LogMelParameters, usesWave: Bool) {
        self.clips = clips.count
        shards = ShardList(
            .survey, step: 0, kind: SurveyShard.kind,
            clips.cut(into: Self.shard).map { clips in
                SurveyShard(feature: feature.record, usesWave: usesWave, clips: clips.map { ShardClip($0) }).encoded()
            })
    }

    func read(_ output: [UInt8], _ index: Int) throws(WireError) -> [ClipOutcome<SurveyShard.Output.Extent>] {
        let found = try SurveyShard.Output(decoding: output).clips
        let expected = min(Self.shard, clips - index * Self.shard)
        guard found.count == expected else {
            throw WireError(.wrongOutput, "\(found.count) entries for \(expected) clips")
        }
        return found
    }

    /// One entry per clip.
    var survey: [ClipOutcome<SurveyShard.Output.Extent>] { shards.collected.flatMap { $0 } }
}
