import Brokerage
import Plant
import Testing

/// A broker with a clock, a disk and a ledger that do at once what they are asked, and a record of what peers hear.
struct Stage {
    var broker: Broker
    var now: Microseconds = 1_000_000
    var heard: [(peer: PeerID, answer: Answer)] = []
    var rows: [ClipRecord] = []
    var outcomes: [OutcomeRecord] = []
    var champions: [Champion]
    /// What the ledger was told of the workers, report by report.
    var rosters: [[StatusReport.Worker]] = []
    var live: Set<Blob> = []
    /// Nil while the database is away.
    var ledgerFault: LedgerAnswer.Fault?
    var steppedDown = false
    /// Outcomes for which this holds are refused, with all that are recorded beside them.
    var refuses: (OutcomeRecord) -> Bool = { _ in false }
    /// Inquiries get no answer.
    var holdsInquiries = false
    /// How many questions each inquiry has put to the ledger.
    var inquiries: [Int] = []
    /// What operators want and is not done.
    var orders: [OperatorOrder] = []
    /// Done orders, and how many clips each touched.
    var done: [Int64: Int] = [:]
    var forgiven: [Int64: Int] = [:]
    private var blobs = 0

    static let machine = MachineName(type: "fan", id: "id_00")
    static let hash = ContentHash(of: [1])

    init(configuration: BrokerConfiguration = .init(), epoch: UInt32 = 1, withModel: Bool = true) throws {
        let machine = try #require(Self.machine)
        champions = withModel ? [Champion(machine: machine, modelVersion: "m1", modelHash: Self.hash)] : []
        broker = Broker(epoch: epoch, configuration: configuration, seed: 7, now: now)
        tick()
    }

    /// Lets time pass, second by second, as no broker sleeps for long.
    mutating func tick(after span: Microseconds = 0) {
        let end = now + span
        while now + 1_000_000 < end {
            now += 1_000_000
            perform(broker.tick(now: now))
        }
        now = end
        perform(broker.tick(now: now))
    }

    mutating func say(_ message: Message, as peer: PeerID) {
        perform(broker.handle(.said(peer, message), now: now))
        tick()
    }

    mutating func handle(_ event: Event) {
        perform(broker.handle(event, now: now))
        tick()
    }

    mutating func blob(_ byteCount: Int) -> Blob {
        blobs += 1
        let blob = Blob(blobs, byteCount: byteCount)
        live.insert(blob)
        return blob
    }

    mutating func submission(
        _ key: String, site: String = "s", bytes: Int = 1_000, content: UInt8 = 0,
        priority: ClipRecord.Priority = .normal, follow: Bool = false
    ) throws -> Submission {
        let clip = ClipRecord(
            key: key, site: site, machine: try #require(Self.machine), recordedAt: 0,
            sha256: ContentHash(of: [content]), format: .audio, name: key, channel: 0, feature: nil,
            priority: priority, location: .unstored(length: Int64(bytes)))
        return Submission(clip: clip, blob: blob(bytes), follow: follow)
    }

    mutating func join(
        _ number: Int, _ role: Role, name: String? = nil, site: String? = nil, credits: Int = 4
    ) -> PeerID {
        let peer = PeerID(number)
        say(.hello(Introduction(role: role, name: name ?? "peer-\(number)", site: site, credits: credits)), as: peer)
        return peer
    }

    /// What a peer has heard since the last call.
    mutating func answers(to peer: PeerID) -> [Answer] {
        defer { heard.removeAll { $0.peer == peer } }
        return heard.filter { $0.peer == peer }.map(\.answer)
    }

    mutating func dispatches(to peer: PeerID) -> [Dispatch] {
        answers(to: peer).compactMap { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
    }

    /// An operator gives an order; the broker reads it with its next renewal.
    mutating func order(_ action: OperatorOrder.Action, number: Int64, reason: String = "") {
        orders.append(OperatorOrder(number: number, action: action, reason: reason, givenBy: "mia"))
        renew()
    }

    mutating func renew() {
        tick(after: broker.configuration.renewalInterval)
        tick(after: broker.configuration.housekeepingInterval)
    }

    mutating func score(_ dispatch: Dispatch, with version: String = "m1", as worker: PeerID) {
        let score = ScoreRecord(
            modelVersion: version, score: 1, logOdds: nil, threshold: nil, verdict: "normal", neighbourDistance: nil,
            flags: [], queueMilliseconds: 0, computeMilliseconds: 1)
        say(.result(Report(token: dispatch.token, job: dispatch.job, ending: .scored(score))), as: worker)
    }

    mutating func fail(_ dispatch: Dispatch, permanent: Bool, as worker: PeerID) {
        let failure = Failure(code: 1, reason: "no", permanent: permanent)
        say(.result(Report(token: dispatch.token, job: dispatch.job, ending: .failed(failure))), as: worker)
    }

    private mutating func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .tell(let peer, let answer, _): heard.append((peer, answer))
            case .release(let blob): #expect(live.remove(blob) != nil, "blob \(blob.number) was released twice")
            case .disk(let order): perform(broker.handle(.disk(answer(order)), now: now) + broker.tick(now: now))
            case .ledger(.inquire) where holdsInquiries: break
            case .ledger(let order): perform(broker.handle(.ledger(answer(order)), now: now) + broker.tick(now: now))
            case .forget, .stale: break
            case .stepDown: steppedDown = true
            }
        }
    }

    private func answer(_ order: DiskOrder) -> DiskAnswer {
        func places(_ items: [DiskItem]) -> [SegmentLocation?] {
            items.map { SegmentLocation(segment: 1, offset: 0, length: Int64($0.blob.byteCount)) }
        }
        return switch order {
        case .storeClips(let batch, let items): .storedClips(batch: batch, places(items))
        case .storeContent(let batch, let items): .storedContent(batch: batch, places(items))
        case .check(let batch, let items): .checked(batch: batch, items.map { _ in true })
        }
    }

    private mutating func answer(_ order: LedgerOrder) -> LedgerAnswer {
        if let ledgerFault { return .failed(order.subject, ledgerFault) }
        switch order {
        case .accept(let batch, let clips):
            return .accepted(batch: batch, clips.map { accept($0) })
        case .record(let batch, let records):
            if records.contains(where: refuses) { return .failed(order.subject, .refused("integer out of range")) }
            outcomes += records
            return .recorded(batch: batch)
        case .recordContent(let batch, _): return .recordedContent(batch: batch)
        case .loadPending(let after, let limit):
            let done = Set(
                outcomes.filter { if case .failedAttempt = $0.ending { false } else { true } }.map(\.job))
            let page = rows.enumerated().map { (Int64($0.offset + 1), $0.element) }
                .filter { $0.0 > after && !done.contains($0.0) }.prefix(limit)
            return .pending(
                page.map { PendingClip(job: $0.0, clip: $0.1, acceptedAt: 0, attempts: 0) }, wallClock: 0)
        case .findOpenClip(let job): return .openClip(job: job, nil, wallClock: 0)
        case .renew: return .renewed(champions, orders)
        case .inquire(let jobs, let contents):
            inquiries.append(jobs.count + contents.count)
            let known = jobs.filter { rows.indices.contains(Int($0) - 1) }
            let fates = known.map { job in
                ClipFate(
                    job: job, site: rows[Int(job) - 1].site, key: rows[Int(job) - 1].key,
                    outcome: outcomes.last { $0.job == job })
            }
            return .found(fates, contents.map { ($0, .unknown) })
        case .closeOrder(let number, let clips):
            orders.removeAll { $0.number == number }
            done[number] = clips
            return .closedOrder
        case .findOpenClips(let jobs):
            let found = jobs.map { job in
                PendingClip(
                    job: job, clip: rows[Int(job) - 1], acceptedAt: 0, attempts: forgiven[job, default: 0],
                    forgiven: forgiven[job, default: 0])
            }
            return .openClips(found, wallClock: 0)
        case .recordWorkers(let workers):
            rosters.append(workers)
            return .recordedWorkers
        }
    }

    private mutating func accept(_ clip: ClipRecord) -> Acceptance {
        if let first = rows.firstIndex(where: { $0.key == clip.key && $0.site == clip.site }) {
            return Acceptance(
                key: clip.key, job: Int64(first + 1), duplicate: true,
                sameContent: rows[first].sha256 == clip.sha256)
        }
        rows.append(clip)
        return Acceptance(key: clip.key, job: Int64(rows.count), duplicate: false, sameContent: true)
    }
}
