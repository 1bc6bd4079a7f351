package import Plant

/// What somebody wants the cluster to compute.
package struct RunRequest: Hashable, Sendable {
    package enum Kind: String, Sendable { case train, evaluate }

    package var kind: Kind
    /// The kind of model to train, e.g. `density`, or the version to evaluate, e.g. `density-1`.
    package var model: String
    package var dataset: String
    /// A JSON object that only the coordinator reads.
    package var specification: String

    package init(kind: Kind, model: String, dataset: String, specification: String) {
        self.kind = kind
        self.model = model
        self.dataset = dataset
        self.specification = specification
    }
}

/// A run as the database knows it.
package struct RunRecord: Hashable, Sendable {
    package enum State: String, Sendable {
        case queued, running, paused, done, failed, cancelled

        package var isFinal: Bool { self == .done || self == .failed || self == .cancelled }
    }

    package var run: Int64
    package var request: RunRequest
    package var state: State
    /// From 0 to 1.
    package var progress: Double
    /// How many steps were recorded.
    package var steps: Int
    /// Over the whole run, once a training is done.
    package var clipsPerSecond: Double?
    /// Why it failed.
    package var reason: String?
    /// Somebody wants it stopped.
    package var isCancelRequested: Bool
    /// What a training run made, or an evaluation judged.
    package var modelVersion: String?
    package var weightsHash: ContentHash?
    /// All times in microseconds since 1970-01-01T00:00:00Z.
    package var submittedAt: Int64
    package var startedAt: Int64?
    package var finishedAt: Int64?

    package init(
        run: Int64, request: RunRequest, state: State, progress: Double, steps: Int, clipsPerSecond: Double?,
        reason: String?, isCancelRequested: Bool,
        modelVersion: String?, weightsHash: ContentHash?, submittedAt: Int64, startedAt: Int64?, finishedAt: Int64?
    ) {
        self.run = run
        self.request = request
        self.state = state
        self.progress = progress
        self.steps = steps
        self.clipsPerSecond = clipsPerSecond
        self.reason = reason
        self.isCancelRequested = isCancelRequested
        self.modelVersion = modelVersion
        self.weightsHash = weightsHash
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }
}
