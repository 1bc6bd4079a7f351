internal import Networks
internal import Wire

/// The clips that a network is trained on, with their classes, and how many of them make a shard.
struct TrainingSet {
    let clips: [ShardClip]
    /// The class of every clip.
    let labels: [Int]
    /// Clips per shard.
    let shard: Int

    /// The clips of a step on their way to the shards and, with what the losses need to know of them, to the tail.
    func batch(_ entries: [BatchPlan.Entry]) -> TrainingBatch {
        let clips = entries.map { entry in
            ForwardShard.Clip(
                self.clips[entry.clip], partner: entry.share == 1 ? nil : self.clips[entry.partner], share: entry.share,
                start: entry.start, partnerStart: entry.partnerStart)
        }
        return TrainingBatch(
            shards: clips.cut(into: shard),
            targets: Tail.Targets(
                labels: entries.map { labels[$0.clip] }, mixedLabels: entries.map { labels[$0.partner] },
                shares: entries.map(\.share)))
    }
}

/// One step's clips.
struct TrainingBatch {
    /// The clips of each shard.
    let shards: [[ForwardShard.Clip]]
    var targets: Tail.Targets

    var clipCount: Int { targets.labels.count }
}
