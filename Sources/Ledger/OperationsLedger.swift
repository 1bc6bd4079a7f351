/// What operators ask, and what the broker tells for them.
package protocol OperationsLedger: Sendable {
    func queueCounts() throws -> QueueCounts

    /// Replaces what is known of the workers; those not named are gone.
    func record(_ workers: [WorkerRecord], epoch: UInt32) throws

    /// By name.
    func workers() throws -> [WorkerRecord]

    /// How many workers an operator wants, nil while nobody has asked for a number.
    func wantedWorkers() throws -> Int?

    /// Asks the supervisor for a number of workers, and wakes it. From 0 to 4096, else `.refused`.
    func scale(to workers: Int) throws
}

/// How many clips are where.
package struct QueueCounts: Hashable, Sendable {
    package var accepted: Int64
    /// Neither scored nor dead.
    package var waiting: Int64
    package var scored: Int64
    package var dead: Int64
    /// Age of the clip that has waited longest; nil when none waits.
    package var oldestWaitSeconds: Double?

    package init(accepted: Int64, waiting: Int64, scored: Int64, dead: Int64, oldestWaitSeconds: Double?) {
        self.accepted = accepted
        self.waiting = waiting
        self.scored = scored
        self.dead = dead
        self.oldestWaitSeconds = oldestWaitSeconds
    }
}

/// A worker as the broker last saw it.
package struct WorkerRecord: Hashable, Sendable {
    package var name: String
    package var host: String
    package var process: Int
    package var leased: Int
    package var credits: Int
    package var isDraining: Bool
    package var finished: Int64

    package init(
        name: String, host: String, process: Int, leased: Int, credits: Int, isDraining: Bool, finished: Int64
    ) {
        self.name = name
        self.host = host
        self.process = process
        self.leased = leased
        self.credits = credits
        self.isDraining = isDraining
        self.finished = finished
    }
}
