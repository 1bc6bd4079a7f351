internal import Plant

/// Why the ledger could not do what it was asked.
package struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The database cannot be reached now; the same call may go through later.
        case unreachable
        /// The database answered and did not do it, for a reason that need not lie in what it was asked: the same call may go
        /// through later.
        case unavailable
        /// A value does not fit into the database and never will.
        case invalid
        /// This is no database for us: a pooler in between, another encoding, a right we lack, another cluster's.
        case unfit
        /// The database does not let us in: user, password or name is wrong.
        case denied
        /// Another broker or coordinator has taken over: stop.
        case fenced
        /// The schema in the database is older or newer than this program's.
        case schema
        /// What was asked for does not exist.
        case notFound
        /// What was asked for is against a rule.
        case refused
        /// Stored bytes do not have their hash.
        case damaged
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// The same call may go through later: services wait and try again.
    package var mayPass: Bool { code == .unreachable || code == .unavailable }
}

extension LedgerError {
    static func fenced(broker holder: String) -> LedgerError {
        LedgerError(.fenced, "the broker \(holder) has taken over; this one stops")
    }

    static func fenced(coordinator holder: String) -> LedgerError {
        LedgerError(.fenced, "the coordinator \(holder) has taken over; this one stops")
    }

    static func unknown(dataset: String) -> LedgerError {
        LedgerError(.notFound, "no dataset is called \(dataset); 'auscult dataset list' shows those there are")
    }

    static func unknown(model version: String) -> LedgerError {
        LedgerError(.notFound, "there is no model version \(version); 'auscult model list' shows those there are")
    }

    static func damaged(model version: String) -> LedgerError {
        LedgerError(
            .damaged, "the file of the model \(version) is damaged in the database: import it again, or promote another"
        )
    }

    static func unknown(run: Int64) -> LedgerError {
        LedgerError(.notFound, "there is no run \(run); 'auscult run list' shows those there are")
    }

    static func notRunning(run: Int64) -> LedgerError {
        LedgerError(.refused, "run \(run) is not this coordinator's to change: it has ended or somebody else has it")
    }

    static func notResumable(run: Int64) -> LedgerError {
        LedgerError(
            .refused,
            "run \(run) is neither paused nor a training that stopped with a checkpoint; 'auscult run list' shows")
    }

    static func noCheckpoint(run: Int64) -> LedgerError {
        LedgerError(.refused, "run \(run) has left no checkpoint to begin with; start a new run")
    }

    static func changed(step: Int, run: Int64) -> LedgerError {
        LedgerError(
            .refused, "step \(step) of run \(run) was recorded before with other weights: the computation is not exact")
    }

    static func changed(shard: ShardRecord, run: Int64) -> LedgerError {
        LedgerError(
            .refused,
            "shard \(shard.shard) of step \(shard.step), phase \(shard.phase), of run \(run) was counted before with "
                + "another output: the computation is not exact")
    }

    static func changedFeature(dataset: String) -> LedgerError {
        LedgerError(
            .refused,
            "the dataset \(dataset) exists with other log-mel parameters; import these clips under another name")
    }

    static func taken(version: String) -> LedgerError {
        LedgerError(.refused, "there is another model called \(version); give this one another name")
    }

    static func unfit(model version: String, machine: MachineName) -> LedgerError {
        LedgerError(.refused, "the model \(version) does not know the machine \(machine); train one that does")
    }
}
