import Plant

/// Outcomes on their way to the ledger; RESULT_ACK follows the commit, never before.
struct Outbox {
    struct Acknowledgement {
        let peer: PeerID
        let token: Token
    }

    struct Entry {
        var record: OutcomeRecord
        var acknowledgements: [Acknowledgement]
        /// The database has refused what it was.
        var isReplaced = false

        var isFinal: Bool { record.isFinal }
    }

    private var entries: [Int: Entry] = [:]
    private var finals: [Int64: Int] = [:]
    private var tokens: Set<Token> = []
    private var toRecord: Gatherer<Int>
    private var recording: [Int: [Int]] = [:]
    private var numbers = 0

    init(configuration: BrokerConfiguration) {
        toRecord = Gatherer(limits: configuration.outcomeGroup)
    }

    var count: Int { entries.count }

    /// A result under this token has arrived and is not acknowledged yet.
    func awaits(_ token: Token) -> Bool { tokens.contains(token) }

    mutating func add(_ record: OutcomeRecord, acknowledging: [Acknowledgement], now: Microseconds) {
        numbers += 1
        let entry = Entry(record: record, acknowledgements: acknowledging)
        entries[numbers] = entry
        if entry.isFinal { finals[record.job] = numbers }
        tokens.formUnion(acknowledging.map(\.token))
        toRecord.add(numbers, now: now)
    }

    /// Another result of a job that has one already: it is acknowledged with the first.
    mutating func join(_ job: Int64, _ acknowledgement: Acknowledgement) {
        guard let number = finals[job], !tokens.contains(acknowledgement.token) else { return }
        entries[number]?.acknowledgements.append(acknowledgement)
        tokens.insert(acknowledgement.token)
    }

    mutating func departToLedger(now: Microseconds) -> LedgerOrder? {
        guard let batch = toRecord.depart(now: now) else { return nil }
        numbers += 1
        recording[numbers] = batch
        return .record(batch: numbers, batch.compactMap { entries[$0]?.record })
    }

    /// The outcomes of a batch are committed.
    mutating func recorded(batch: Int) -> [Entry] {
        guard let batch = recording.removeValue(forKey: batch) else { return [] }
        toRecord.landed()
        return batch.compactMap { number in
            guard let entry = entries.removeValue(forKey: number) else { return nil }
            if entry.isFinal { finals[entry.record.job] = nil }
            tokens.subtract(entry.acknowledgements.map(\.token))
            return entry
        }
    }

    /// The database could not be asked: the same batch goes again.
    mutating func notRecorded(batch: Int) {
        guard let batch = recording.removeValue(forKey: batch) else { return }
        toRecord.giveBack(batch)
    }

    /// The database refuses the batch: its halves go again, until the outcome to blame stands alone.
    ///
    /// It is replaced by the failure, of which nothing came from outside. Returns false when even that is refused: then
    /// nothing in the outcome is to blame, and the batch waits as if the database were away.
    mutating func refused(batch: Int, _ failure: Failure) -> Bool {
        guard let batch = recording.removeValue(forKey: batch) else { return true }
        guard batch.count == 1, let number = batch.first, let entry = entries[number] else {
            toRecord.giveBack(batch, halved: true)
            return true
        }
        toRecord.giveBack(batch)
        guard !entry.isReplaced else { return false }
        entries[number]?.isReplaced = true
        entries[number]?.record.ending =
            entry.isFinal
            ? .dead(code: failure.code, reason: failure.reason)
            : .failedAttempt(code: failure.code, reason: failure.reason)
        return true
    }

    var deadline: Microseconds? { toRecord.deadline }
}
