/// A part of the queue: what an operator's order is about. Nil means all.
package struct QueueScope: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Clips to score.
        case clips
        /// Shards of training and evaluation.
        case shards
    }

    package var kind: Kind?
    package var site: String?
    package var machineType: String?

    /// A site or a machine type narrows the scope to clips.
    package init(kind: Kind? = nil, site: String? = nil, machineType: String? = nil) {
        self.kind = site != nil || machineType != nil ? .clips : kind
        self.site = site
        self.machineType = machineType
    }

    package func covers(_ clip: ClipRecord) -> Bool {
        kind != .shards && site ?? clip.site == clip.site && machineType ?? clip.machine.type == clip.machine.type
    }

    package var coversShards: Bool { kind != .clips }

    /// Whether nothing of the other scope lies outside this one.
    package func contains(_ other: QueueScope) -> Bool {
        (kind == nil || kind == other.kind) && (site == nil || site == other.site)
            && (machineType == nil || machineType == other.machineType)
    }
}

extension QueueScope: CustomStringConvertible {
    package var description: String {
        switch (site, machineType) {
        case (let site?, let machineType?): "\(machineType) of site \(site)"
        case (let site?, nil): "site \(site)"
        case (nil, let machineType?): "machine type \(machineType)"
        case (nil, nil): kind.map { "all \($0.rawValue)" } ?? "everything"
        }
    }
}
