package import Plant

/// What the database knows about datasets: named collections of labelled clips, whose bytes are content by hash.
package protocol DatasetLedger: Sendable {
    /// Creates a dataset; one that exists with the same feature stays as it is, with another it is `.refused`.
    ///
    /// - Parameter feature: how its log-mel clips were computed, nil for a dataset of recordings.
    func createDataset(_ name: String, feature: FeatureRecord?) throws

    /// Adds clips, idempotently. One answer per clip, in the order given. Throws `.notFound` for an unknown dataset.
    func addClips(_ clips: [DatasetClip], to dataset: String) throws -> [DatasetAddition]

    /// Makes a dataset what a folder holds: its newest version stays where it is just that, otherwise there is a new
    /// one. Older versions keep their clips.
    ///
    /// - Parameter name: the dataset's, without a version.
    func importDataset(_ name: String, feature: FeatureRecord?, clips: [DatasetClip]) throws -> DatasetRevision

    /// The name under which a dataset is stored that people call so: its newest version, or that of `NAME@VERSION`; nil
    /// when there is none.
    func storedName(ofDataset name: String) throws -> String?

    /// The newest version of each, by name.
    func datasets() throws -> [DatasetRecord]

    /// Nil when no dataset is stored under this name.
    func dataset(_ name: String) throws -> DatasetRecord?

    /// The clips of one split, or of both, in order of path bytes: the order that shards are cut in.
    /// Throws `.notFound` for an unknown dataset.
    func clips(of dataset: String, split: DatasetClip.Split?) throws -> [DatasetClip]
}

extension DatasetLedger {
    /// The dataset that people call so: its newest version, or that of `NAME@VERSION`; nil when there is none.
    package func dataset(called name: String) throws -> DatasetRecord? {
        try storedName(ofDataset: name).flatMap { try dataset($0) }
    }
}

/// What became of a clip that was to be added to a dataset.
package enum DatasetAddition: Hashable, Sendable {
    case added
    /// It is there already: the same path, the same bytes, the same label.
    case known
    /// Its path is taken by a clip with other bytes or another label; that one stays.
    case conflict
}

/// What an import has made of a dataset.
package struct DatasetRevision: Hashable, Sendable {
    /// Under which the version is stored.
    package var name: String
    package var version: Int
    /// Clips with a path that the version before did not have, with other bytes or another label, and those that are
    /// gone.
    package var added = 0
    package var changed = 0
    package var removed = 0

    /// What follows a version that holds some clips: that version itself where nothing is new.
    ///
    /// - Parameter isOther: it cannot stay for another reason than its clips.
    init(
        of base: String, _ clips: [DatasetClip], after last: (name: String, version: Int),
        holding before: [DatasetClip], isOther: Bool
    ) {
        (name, version) = last
        let known = Dictionary(before.map { ($0.path, $0) }) { first, _ in first }
        for clip in clips {
            switch known[clip.path] {
            case clip: break
            case nil: added += 1
            default: changed += 1
            }
        }
        removed = known.count - clips.count { known[$0.path] != nil }
        guard isOther || added + changed + removed > 0 else { return }
        version += 1
        name = version == 1 ? base : "\(base)@\(version)"
    }

    /// `NAME@VERSION` in its parts.
    static func parts(_ name: String) -> (base: String, version: Int)? {
        guard let at = name.lastIndex(of: "@"), let version = Int(name[name.index(after: at)...]) else { return nil }
        return (String(name[..<at]), version)
    }
}

/// A dataset and what it holds.
package struct DatasetRecord: Hashable, Sendable {
    /// How many clips one machine has.
    package struct Machine: Hashable, Sendable {
        package var name: MachineName
        package var train: Int
        package var testNormal: Int
        package var testAnomalous: Int

        package init(name: MachineName, train: Int, testNormal: Int, testAnomalous: Int) {
            self.name = name
            self.train = train
            self.testNormal = testNormal
            self.testAnomalous = testAnomalous
        }
    }

    /// Under which it is stored.
    package var name: String
    /// What people call it.
    package var base: String
    package var version: Int
    package var feature: FeatureRecord?
    /// In order of name.
    package var machines: [Machine]
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var createdAt: Int64

    package init(
        name: String, base: String, version: Int, feature: FeatureRecord?, machines: [Machine], createdAt: Int64
    ) {
        (self.name, self.base, self.version) = (name, base, version)
        self.feature = feature
        self.machines = machines
        self.createdAt = createdAt
    }

    package var clips: Int { machines.reduce(0) { $0 + $1.train + $1.testNormal + $1.testAnomalous } }
}
