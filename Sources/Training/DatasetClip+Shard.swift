package import Plant
package import Wire

extension ShardClip {
    /// A dataset's clip on its way to a worker; errors call it by its path.
    package init(_ clip: DatasetClip) {
        self.init(
            machine: clip.machine, sha256: clip.sha256, name: clip.path, format: clip.format, channel: clip.channel)
    }
}

extension [DatasetClip] {
    /// By machine, then path: the same however the clips were listed, and clips recorded together stay together.
    var inFixedOrder: [DatasetClip] {
        sorted { ($0.machine, $0.path) < ($1.machine, $1.path) }
    }
}
