import Plant

/// Decides who gets which job, and when a clip may be called accepted.
///
/// A value without clock, socket, file or log: the shell tells it what happened and does what it says.
///
///     for event in events { perform(broker.handle(event, now: now)) }
///     perform(broker.tick(now: now))
///     wait(until: broker.nextDeadline)
///
/// Events only change what the broker knows; `tick` flushes groups to disk and database and hands out jobs, once for
/// all events of one turn. Every order to a lane is answered exactly once.
package struct Broker {
    package let epoch: UInt32
    package let configuration: BrokerConfiguration
    package internal(set) var counters = Counters()

    var peers: PeerTable
    var workers = WorkerTable()
    var leases: LeaseTable
    var clips: ClipQueue
    var shards = ShardQueue()
    var champions = Champions()
    var intake: Intake
    var outbox: Outbox
    var deposits: Deposits
    var shelf: Shelf
    var followers = Followers()
    var inquiries = Inquiries()
    var siteUse: SiteUse
    var recent: RecentKeys
    var contents = RecentContents()
    var recovery: Recovery
    var roster: Roster
    var desk = OrderDesk()
    var ledger = LedgerLink()
    var memory: MemoryBudget
    var dice: Dice

    /// The worker that is kept free for a clip that must run alone.
    var ward: PeerID?
    /// Who waits for content that the ledger is asked for.
    var fetches: [ContentHash: [Fetch]] = [:]
    /// Jobs the ledger knows and nobody here; it is asked whether they are open.
    var doubtful: Set<Int64> = []
    /// What the ledger is to be asked again when it is back.
    var questions: [LedgerOrder] = []
    /// Until then the disk is taken to be full.
    var diskFullUntil: Microseconds = .min
    var renewalDueAt: Microseconds
    var renewalAskedAt: Microseconds
    var isRenewing = false
    /// Until then the ledger's last word that this broker leads is believed.
    var trustedUntil: Microseconds
    var housekeepingAt: Microseconds
    var hasSteppedDown = false
    var actions: [Action] = []

    /// - Parameters:
    ///   - epoch: from the ledger; larger than that of every broker before.
    ///   - seed: of the jitter of retries.
    package init(epoch: UInt32, configuration: BrokerConfiguration = .init(), seed: UInt64, now: Microseconds) {
        self.epoch = epoch
        self.configuration = configuration
        peers = PeerTable(creditBytes: configuration.creditBytes)
        leases = LeaseTable(epoch: epoch)
        clips = ClipQueue(configuration: configuration)
        intake = Intake(configuration: configuration)
        outbox = Outbox(configuration: configuration)
        deposits = Deposits(configuration: configuration)
        siteUse = SiteUse(configuration: configuration)
        shelf = Shelf(budget: configuration.shelfBudget)
        recent = RecentKeys(limit: configuration.recentKeys)
        recovery = Recovery(configuration: configuration, now: now)
        roster = Roster(interval: configuration.rosterInterval)
        memory = MemoryBudget(limit: configuration.memoryBudget)
        dice = Dice(seed: seed)
        renewalDueAt = now
        renewalAskedAt = now
        trustedUntil = now + configuration.trustWindow
        housekeepingAt = now
    }

    /// Takes note of an event.
    package mutating func handle(_ event: Event, now: Microseconds) -> [Action] {
        guard !hasSteppedDown else { return [] }
        guard now <= trustedUntil else { return stepDown(Self.trustLapsed) }
        switch event {
        case .said(let peer, let message, let request): hear(message, from: peer, request, now: now)
        case .hasRoom(let peer, let hash, let request):
            guard peers[peer] != nil else { break }
            find(hash, for: Fetch(peer: peer, request: request, hasWaited: true))
        case .undelivered(let peer, let token): notDelivered(to: peer, token, now: now)
        case .disk(let answer): handle(answer, now: now)
        case .ledger(let answer): handle(answer, now: now)
        }
        return takeActions()
    }

    /// Does what time and the events since the last tick ask for.
    package mutating func tick(now: Microseconds) -> [Action] {
        guard !hasSteppedDown else { return [] }
        guard now <= trustedUntil else { return stepDown(Self.trustLapsed) }
        if now >= housekeepingAt {
            housekeep(now: now)
            housekeepingAt = now + configuration.housekeepingInterval
        }
        flush(now: now)
        dispatch(now: now)
        return takeActions()
    }

    /// When `tick` is needed next if nothing happens before.
    package var nextDeadline: Microseconds {
        let isUp = ledger.isUp
        let groups = [
            intake.deadline(ledgerIsUp: isUp), deposits.deadline(ledgerIsUp: isUp), isUp ? outbox.deadline : nil,
        ]
        return groups.compactMap(\.self).reduce(housekeepingAt, min)
    }

    private static let trustLapsed = "the database has not confirmed in time that this broker leads"

    /// Says nothing more, of what was about to be said neither.
    mutating func stepDown(_ reason: String) -> [Action] {
        hasSteppedDown = true
        return [.stepDown(reason: reason)]
    }

    mutating func tell(_ peer: PeerID, _ answer: Answer, to request: RequestID? = nil) {
        actions.append(.tell(peer, answer, to: request))
    }

    private mutating func takeActions() -> [Action] {
        defer { actions = [] }
        return actions
    }

    private mutating func hear(_ message: Message, from peer: PeerID, _ request: RequestID?, now: Microseconds) {
        if case .hello(let introduction) = message { return welcome(peer, introduction, request, now: now) }
        guard peers[peer] != nil else {
            message.blob.map { actions.append(.release($0)) }
            return tell(peer, .reject(key: message.key, .sayHello), to: request)
        }
        peers.heard(peer, now: now)
        switch message {
        case .hello: break
        case .heartbeat(let heartbeat): note(heartbeat, of: peer, request, now: now)
        case .goodbye: part(from: peer, now: now)
        case .submit(let submission): consider(submission, from: peer, request, now: now)
        case .follow(let key, let job): follow(key, job: job, for: peer, request)
        case .result(let report): finish(report, from: peer, request, now: now)
        case .askShards(let asked): ask(asked, by: peer, now: now)
        case .forgetShards(let run): forget(run: run, now: now)
        case .put(let put): keep(put, from: peer, request, now: now)
        case .fetch(let hash): fetch(hash, for: peer, request)
        case .askStatus: tell(peer, .status(status), to: request)
        case .drainWorker(let name): drain(worker: name, for: peer, request, now: now)
        }
    }

    private mutating func flush(now: Microseconds) {
        if let order = intake.departToDisk(now: now) { actions.append(.disk(order)) }
        actions += deposits.departToDisk(now: now).map { .disk($0) }
        // While the database is away, one order after each pause asks whether it is back.
        let orders: [(inout Broker) -> LedgerOrder?] = [
            { $0.outbox.departToLedger(now: now) }, { $0.intake.departToLedger(now: now) },
            { $0.deposits.departToLedger(now: now) }, { $0.inquiries.depart() },
        ]
        for order in orders where ledger.mayAsk(now: now) {
            guard let order = order(&self) else { continue }
            actions.append(.ledger(order))
            ledger.asked(now: now)
        }
    }
}
