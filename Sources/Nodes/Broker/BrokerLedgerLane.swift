internal import Brokerage
internal import Ledger
internal import Logging
internal import Messaging
internal import Plant

/// The broker's connection to the database on a thread of its own.
final class BrokerLedgerLane: Sendable {
    private let lane: SerialLane
    private let mailbox: Mailbox<BrokerNote>
    private let connection: Connection

    /// Used on the lane only.
    private final class Connection: @unchecked Sendable {
        private let makeLedger: @Sendable () throws -> any BrokerLedger
        private let logger: Logger
        private var opened: (any BrokerLedger)?
        private var complaint: String?
        private var failures = 0
        var epoch: UInt32 = 0

        init(_ makeLedger: @escaping @Sendable () throws -> any BrokerLedger, _ logger: Logger) {
            (self.makeLedger, self.logger) = (makeLedger, logger)
        }

        /// Tells operators what is wrong with the database: once, and when it is over.
        func tell(_ error: (any Error)?) {
            let news = error.map { "\($0)" }
            failures += news == nil ? 0 : 1
            guard news != complaint else { return }
            complaint = news
            if let news { return logger.warning("\(news)", metadata: ["failures": "\(failures)"]) }
            logger.info("the database takes work again", metadata: ["failures": "\(failures)"])
            failures = 0
        }

        func ledger() throws -> any BrokerLedger {
            if let opened { return opened }
            let ledger = try makeLedger()
            opened = ledger
            return ledger
        }
    }

    /// - Parameter name: of its thread.
    init(
        _ name: String, mailbox: Mailbox<BrokerNote>, makeLedger: @escaping @Sendable () throws -> any BrokerLedger,
        logger: Logger
    ) throws {
        self.mailbox = mailbox
        connection = Connection(makeLedger, logger)
        lane = try SerialLane(name)
    }

    func stop() throws { try lane.stop() }

    /// Raises the epoch and waits for it; called once, before the broker's thread starts.
    func open(holder: String) throws -> UInt32 {
        let opened = try Mailbox<Result<UInt32, any Error>>()
        lane.post { [connection] in
            opened.post(
                Result {
                    connection.epoch = try connection.ledger().openEpoch(holder: holder)
                    return connection.epoch
                })
        }
        guard let result = opened.waitAndDrain().first else { preconditionFailure("the mailbox woke without a result") }
        return try result.get()
    }

    /// Works in an epoch that another lane has opened.
    func join(epoch: UInt32) { lane.post { [connection] in connection.epoch = epoch } }

    /// - Parameter ended: told, on the lane, which jobs have ended by what was just committed.
    func perform(_ order: LedgerOrder, ended: @escaping @Sendable ([Int64]) -> Void = { _ in }) {
        lane.post { [connection, mailbox] in
            do {
                mailbox.post(try Self.note(order, try connection.ledger(), epoch: connection.epoch))
                connection.tell(nil)
                if case .record(_, let outcomes) = order { ended(outcomes.filter(\.isFinal).map(\.job)) }
            } catch {
                connection.tell(error)
                mailbox.post(.ledger(.failed(order.subject, Self.fault(error))))
            }
        }
    }

    private static func note(
        _ order: LedgerOrder, _ ledger: any BrokerLedger, epoch: UInt32
    ) throws -> BrokerNote {
        switch order {
        case .accept(let batch, let clips):
            return .ledger(.accepted(batch: batch, try ledger.accept(clips, epoch: epoch)))
        case .record(let batch, let outcomes):
            try ledger.record(outcomes, epoch: epoch)
            return .ledger(.recorded(batch: batch))
        case .recordContent(let batch, let contents):
            try ledger.recordContent(contents, epoch: epoch)
            return .ledger(.recordedContent(batch: batch))
        case .loadPending(let job, let limit):
            let page = try ledger.pendingClips(after: job, limit: limit)
            return .ledger(.pending(page, wallClock: SteadyClock.calendarMicroseconds))
        case .findOpenClip(let job):
            let clip = try ledger.pendingClips(after: job - 1, limit: 1).first { $0.job == job }
            return .ledger(.openClip(job: job, clip, wallClock: SteadyClock.calendarMicroseconds))
        case .renew:
            // Records nothing, and yet fails when another broker leads.
            try ledger.record([OutcomeRecord](), epoch: epoch)
            return .ledger(.renewed(try ledger.champions(), try ledger.openOrders()))
        case .inquire(let jobs, let contents):
            let fates = jobs.isEmpty ? [] : try ledger.fates(of: jobs)
            return .found(fates, try contents.map { try find($0, in: ledger) })
        case .recordWorkers(let workers):
            try ledger.record(workers.map { WorkerRecord($0) }, epoch: epoch)
            return .ledger(.recordedWorkers)
        case .findOpenClips(let jobs):
            let clips = try ledger.pendingClips(among: jobs)
            return .ledger(.openClips(clips, wallClock: SteadyClock.calendarMicroseconds))
        case .closeOrder(let number, let clips):
            try ledger.close(order: number, clips: clips, epoch: epoch)
            return .ledger(.closedOrder)
        }
    }

    private static func find(_ hash: ContentHash, in ledger: any BrokerLedger) throws -> FoundContent {
        if let location = try ledger.location(of: hash) { return .stored(hash, location) }
        if let location = try ledger.location(ofLearned: hash) { return .clip(hash, location) }
        do {
            return try ledger.modelFile(hash).map { .file(hash, Frame.payload($0)) } ?? .unknown(hash)
        } catch let error as LedgerError where error.code == .damaged {
            Logger(label: "auscult.broker").error("\(error)")
            return .damaged(hash)
        }
    }

    /// Only a value that never fits is a verdict; what anybody else has to say passes.
    private static func fault(_ error: any Error) -> LedgerAnswer.Fault {
        guard let error = error as? LedgerError else { return .unreachable }
        return switch error.code {
        case .fenced: .fenced
        case .invalid: .refused(error.description)
        default: .unreachable
        }
    }
}

extension WorkerRecord {
    fileprivate init(_ worker: StatusReport.Worker) {
        self.init(
            name: worker.name, host: worker.host, process: Int(worker.process), leased: worker.leased,
            credits: worker.credits, isDraining: worker.draining, finished: Int64(worker.finished), doing: worker.doing)
    }
}
