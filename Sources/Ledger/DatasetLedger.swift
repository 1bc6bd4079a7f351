package import Plant

/// What the database knows about datasets: named collections of labelled clips, whose bytes are content by hash.
package protocol DatasetLedger: Sendable {
    /// Creates a dataset; one that exists with the same feature stays as it is, with another it is `.refused`.
    ///
    /// - Parameter feature: how its log-mel clips were computed, nil for a dataset of recordings.
    func createDataset(_ name: String, feature: FeatureRecord?) throws

    /// Adds clips, idempotently. One answer per clip, in the order given. Throws `.notFound` for an unknown dataset.
    func addClips(_ clips: [DatasetClip], to dataset: String) throws -> [DatasetAddition]

    /// By name.
    func datasets() throws -> [DatasetRecord]

    /// Nil when no dataset has this name.
    func dataset(_ name: String) throws -> DatasetRecord?

    /// The clips of one split, or of both, in order of path bytes: the order that shards are cut in.
    /// Throws `.notFound` for an unknown dataset.
    func clips(of dataset: String, split: DatasetClip.Split?) throws -> [DatasetClip]
}

/// What became of a clip that was to be added to a dataset.
package enum DatasetAddition: Hashable, Sendable {
    case added
    /// It is there already: the same path, the same bytes, the same label.
    case known
    /// Its path is taken by a clip with other bytes or another label; that one stays.
    case conflict
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

    package var name: String
    package var feature: FeatureRecord?
    /// In order of name.
    package var machines: [Machine]
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var createdAt: Int64

    package init(name: String, feature: FeatureRecord?, machines: [Machine], createdAt: Int64) {
        self.name = name
        self.feature = feature
        self.machines = machines
        self.createdAt = createdAt
    }

    package var clips: Int { machines.reduce(0) { $0 + $1.train + $1.testNormal + $1.testAnomalous } }
}
