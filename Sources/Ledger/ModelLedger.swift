package import Plant

/// What people ask about model versions. A version never changes and is never deleted.
package protocol ModelLedger: Sendable {
    /// Stores a model that was not trained here. Throws `.notFound` for an unknown dataset. A model whose file is known
    /// already keeps its first version. Throws `.refused` where another model has the wanted version.
    func addModel(_ draft: ModelDraft) throws -> ModelRecord

    /// Newest first.
    func models() throws -> [ModelRecord]

    /// Nil when there is no such version.
    func model(_ version: String) throws -> ModelRecord?

    /// The bytes of a version's file, nil when there is no such version.
    func modelFile(of version: String) throws -> [UInt8]?

    /// Makes a version the champion of machines, which wakes the broker.
    ///
    /// A machine that has it already is left as it is and is not in the answer.
    /// Throws `.notFound` for an unknown version and `.refused` for a machine the model does not know.
    ///
    /// - Parameter machines: all the model knows when nil.
    func promote(_ version: String, machines: [MachineName]?) throws -> [ChampionChange]

    /// Gives machines back the champion they had before their present one, which wakes the broker.
    ///
    /// Rolling back twice goes back twice; a machine's first champion gives way to none.
    ///
    /// - Parameter machines: all that have a champion when nil.
    func rollback(machines: [MachineName]?) throws -> [ChampionChange]

    /// For each machine, the model version that scores its clips now, in order of machine.
    func champions() throws -> [Champion]
}

/// A machine is scored by another model version from now on.
package struct ChampionChange: Hashable, Sendable {
    package var machine: MachineName
    package var before: String?
    package var now: String?

    package init(machine: MachineName, before: String?, now: String?) {
        (self.machine, self.before, self.now) = (machine, before, now)
    }
}

/// A model that has no version yet.
package struct ModelDraft: Hashable, Sendable {
    /// E.g. `density`: the first part of the version.
    package var kind: String
    /// The self-contained file: weights, architecture, feature parameters, class table, calibration.
    package var file: [UInt8]
    package var weightsHash: ContentHash
    package var feature: FeatureRecord
    /// What it was trained on; nil for an imported model.
    package var dataset: String?
    /// The class table.
    package var machines: [MachineName]
    /// A JSON object for people and for calibration; nothing here depends on its keys.
    package var metadata: String
    /// What it is to be called; kind and number when nil.
    package var version: String?

    package init(
        kind: String, file: [UInt8], weightsHash: ContentHash, feature: FeatureRecord, dataset: String?,
        machines: [MachineName], metadata: String = "{}", version: String? = nil
    ) {
        self.kind = kind
        self.file = file
        self.weightsHash = weightsHash
        self.feature = feature
        self.dataset = dataset
        self.machines = machines
        self.metadata = metadata
        self.version = version
    }
}

/// A stored model version, without its file.
package struct ModelRecord: Hashable, Sendable {
    /// Kind and number, e.g. `density-1`, or the name it was given.
    package var version: String
    package var kind: String
    package var weightsHash: ContentHash
    /// By which workers fetch the file.
    package var fileHash: ContentHash
    package var fileLength: Int
    package var feature: FeatureRecord
    package var dataset: String?
    package var machines: [MachineName]
    package var metadata: String
    /// The run that trained it.
    package var run: Int64?
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var createdAt: Int64

    package init(
        version: String, kind: String, weightsHash: ContentHash, fileHash: ContentHash, fileLength: Int,
        feature: FeatureRecord, dataset: String?, machines: [MachineName], metadata: String, run: Int64?,
        createdAt: Int64
    ) {
        self.version = version
        self.kind = kind
        self.weightsHash = weightsHash
        self.fileHash = fileHash
        self.fileLength = fileLength
        self.feature = feature
        self.dataset = dataset
        self.machines = machines
        self.metadata = metadata
        self.run = run
        self.createdAt = createdAt
    }
}
