package import Plant

/// What operators ask and order. Orders take effect once the broker that leads has read them, within a second.
package protocol OperationsLedger: Sendable {
    func queueCounts() throws -> QueueCounts

    /// By name.
    func workers() throws -> [WorkerRecord]

    /// How many workers an operator wants, nil while nobody has asked for a number.
    func fleetWish() throws -> FleetWish?

    /// Asks the supervisor for a number of workers, and wakes it. From 0 to 4096, else `.refused`.
    func scale(to workers: Int) throws

    /// Lets a part of the queue wait; returns the number of the order. What waits already is paused under the same
    /// order as before.
    func pause(_ scope: QueueScope, reason: String, by who: String) throws -> Int64

    /// Lifts the pauses of a part of the queue and of all parts of that part; returns how many.
    func resume(_ scope: QueueScope, by who: String) throws -> Int

    /// Has the broker make dead letters of the clips that are open now; returns the number of the order.
    func cancel(_ scope: QueueScope, reason: String, by who: String) throws -> Int64

    /// As above, of these jobs; those that have ended stay as they are.
    func cancel(jobs: [Int64], reason: String, by who: String) throws -> Int64

    /// Puts dead letters back in line, their attempts forgiven; returns how many of the jobs were dead letters.
    /// Those that were dropped stay dead.
    func retryDeadLetters(_ jobs: [Int64], by who: String) throws -> Int

    /// Gives dead letters up for good: they stay on record and are neither listed nor retried any more; returns how
    /// many were listed.
    func dropDeadLetters(_ jobs: [Int64], reason: String, by who: String) throws -> Int

    /// How many clips an order touched; nil while it is not done.
    func clipsTouched(byOrder number: Int64) throws -> Int?
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

/// A number of workers an operator asked for.
package struct FleetWish: Hashable, Sendable {
    package var workers: Int
    /// Which wish it is, counted from 1: the same number wished again is another wish.
    package var number: Int64

    package init(workers: Int, number: Int64) {
        self.workers = workers
        self.number = number
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
    /// The job it is at, in words; empty while it waits for one.
    package var doing: String

    package init(
        name: String, host: String, process: Int, leased: Int, credits: Int, isDraining: Bool, finished: Int64,
        doing: String
    ) {
        self.name = name
        self.host = host
        self.process = process
        self.leased = leased
        self.credits = credits
        self.isDraining = isDraining
        self.finished = finished
        self.doing = doing
    }
}
