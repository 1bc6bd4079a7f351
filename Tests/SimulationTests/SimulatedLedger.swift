import Brokerage
import Ledger
import Plant
import PostgreSQL

/// The ledger behind a connection that breaks: before a call, or after it was carried out.
final class SimulatedLedger {
    let memory: MemoryLedger
    let champions: [Champion]
    private let sabotage: Scenario.Sabotage?
    private var epoch: UInt32 = 0
    private var copies = 0
    var isAway = false
    /// Every accepted clip by its job.
    private(set) var rows: [Int64: ClipRecord] = [:]
    /// Keys that became more than one job.
    private(set) var doubled: [String] = []
    private var keys: Set<String> = []
    /// Jobs that were given another life.
    private(set) var revived: Set<Int64> = []
    /// What must not have happened, and did.
    private(set) var violations: [String] = []

    init(sabotage: Scenario.Sabotage?, champions: [Champion], now: @escaping @Sendable () -> Int64) {
        self.sabotage = sabotage
        self.champions = champions
        let guards: MemoryLedger.Guards =
            switch sabotage {
            case .daysFollowTheCalendar: .all.subtracting(.daysGrow)
            case .settleWhatIsOpen: .all.subtracting(.openIsListed)
            case .reviveBehindTheMark: .all.subtracting(.revivedIsListed)
            default: .all
            }
        memory = MemoryLedger(now: now, guards: guards)
    }

    func openEpoch() throws -> UInt32 {
        epoch = try memory.openEpoch(holder: "simulation")
        return epoch
    }

    /// Why a call fails in passing: the server's state decides what the broker hears of it.
    func trouble(_ state: String?) -> LedgerAnswer.Fault {
        if sabotage == .troubleIsAVerdict, let state, !["08", "57P", "53"].contains(where: state.hasPrefix) {
            return .refused(state)
        }
        let code = PostgreSQLError.code(ofState: state, constraint: nil)
        return fault(LedgerError(PostgreSQLError(code, sqlState: state, "as the server pleases")))
    }

    /// As the broker's lane of the database judges.
    private func fault(_ error: LedgerError) -> LedgerAnswer.Fault {
        switch error.code {
        case .fenced: .fenced
        case .invalid where sabotage != .verdictIsTrouble: .refused(error.description)
        default: .unreachable
        }
    }

    /// A value that no column takes makes its whole statement fail.
    private func checkValues(of clips: [String]) throws {
        guard let name = clips.first(where: { ["unstorable", "unspeakable"].contains($0) }) else { return }
        let code = PostgreSQLError.code(ofState: "22021", constraint: nil)
        throw LedgerError(PostgreSQLError(code, sqlState: "22021", name))
    }

    /// The leader's upkeep; that of a broker that led before changes nothing.
    func settle(epoch: UInt32) throws {
        do { try memory.settle(epoch: epoch, at: nil) } catch let error as LedgerError where error.code == .fenced {}
    }

    /// Carries an order out.
    func perform(_ order: LedgerOrder, epoch claimed: UInt32, wallClock: Int64) -> LedgerAnswer {
        let epoch = sabotage == .noFence ? self.epoch : claimed
        do {
            switch order {
            case .accept(let batch, let clips):
                let clips = disguised(clips)
                try checkValues(of: clips.map(\.name).filter { $0 == "unstorable" })
                let acceptances = try memory.accept(clips, epoch: epoch)
                for (clip, acceptance) in zip(clips, acceptances) where !acceptance.duplicate {
                    rows[acceptance.job] = clip
                    let key = originalKey(clip.key)
                    if !keys.insert(key).inserted { doubled.append(key) }
                }
                return .accepted(batch: batch, acceptances)
            case .record(let batch, let outcomes):
                let scored = outcomes.filter { if case .scored = $0.ending { true } else { false } }
                try checkValues(of: scored.compactMap { rows[$0.job]?.name }.filter { $0 == "unspeakable" })
                try memory.record(outcomes, epoch: epoch)
                return .recorded(batch: batch)
            case .recordContent(let batch, let contents):
                try memory.recordContent(contents, epoch: epoch)
                return .recordedContent(batch: batch)
            case .loadPending(let job, let limit):
                return .pending(try memory.pendingClips(after: job, limit: limit), wallClock: wallClock)
            case .findOpenClip(let job):
                let clip = try memory.pendingClips(after: job - 1, limit: 1).first { $0.job == job }
                return .openClip(job: job, clip, wallClock: wallClock)
            case .renew:
                try memory.record([OutcomeRecord](), epoch: epoch)
                let orders = try memory.openOrders()
                if sabotage == .closeBeforeCancelling { for order in orders { try close(order.number, 0, epoch) } }
                return .renewed(champions, orders)
            case .closeOrder(let number, let clips):
                try close(number, clips, epoch)
                return .closedOrder
            case .findOpenClips(let jobs):
                return .openClips(try memory.pendingClips(among: jobs), wallClock: wallClock)
            case .inquire(let jobs, let contents):
                var fates = try memory.fates(of: jobs)
                for index in fates.indices { fates[index].key = originalKey(fates[index].key) }
                return .found(fates, contents.map { ($0, .unknown) })
            case .recordWorkers:
                try memory.record([WorkerRecord](), epoch: epoch)
                return .recordedWorkers
            }
        } catch let error as LedgerError {
            return .failed(order.subject, fault(error))
        } catch {
            return .failed(order.subject, .refused("\(error)"))
        }
    }

    // MARK: operators

    func pause(site: String) throws { _ = try memory.pause(QueueScope(site: site), reason: "", by: "operator") }

    func resumeAll() throws { _ = try memory.resume(QueueScope(), by: "operator") }

    func cancel(site: String) throws { _ = try memory.cancel(QueueScope(site: site), reason: "", by: "operator") }

    func retryDeadLetters() throws {
        revived.formUnion(rows.keys.filter { if case .dead? = outcome(of: $0)?.ending { true } else { false } })
        _ = try memory.retryDeadLetters(revived.sorted(), by: "operator")
    }

    /// A cancelling that is called done has left nothing open.
    private func close(_ number: Int64, _ clips: Int, _ epoch: UInt32) throws {
        let order = try memory.openOrders().first { $0.number == number }
        try memory.close(order: number, clips: clips, epoch: epoch)
        guard case .cancel(let scope, let lastJob)? = order?.action else { return }
        for (job, row) in rows where job <= lastJob && scope.covers(row) && !revived.contains(job) {
            if outcome(of: job) == nil { violations.append("job \(job) was called cancelled and is open") }
        }
    }

    /// Every order is done and every clip has ended.
    var isSettled: Bool {
        (try? memory.openOrders().isEmpty && memory.pendingClips(after: 0, limit: 1).isEmpty) == true
    }

    func isCurrent(_ epoch: UInt32) -> Bool { epoch == self.epoch }

    func outcome(of job: Int64) -> OutcomeRecord? {
        guard case .found(let fates, _) = perform(.inquire(jobs: [job], contents: []), epoch: epoch, wallClock: 0)
        else { return nil }
        return fates.first?.outcome
    }

    func originalKey(_ key: String) -> String { String(key.prefix { $0 != "#" }) }

    /// Without deduplication every clip looks new.
    private func disguised(_ clips: [ClipRecord]) -> [ClipRecord] {
        guard sabotage == .noDedupe else { return clips }
        return clips.map { clip in
            copies += 1
            var copy = clip
            copy.key += "#\(copies)"
            return copy
        }
    }
}
