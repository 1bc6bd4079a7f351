import Plant

/// What peers ask that only the ledger knows: a few questions at a time, so that they never hold up commits, and the
/// peers in turn, so that one who asks much delays nobody else.
struct Inquiries {
    enum Question: Hashable {
        /// How a clip ended that is not here.
        case fate(job: Int64)
        case content(ContentHash)
    }

    /// Questions put to the ledger at once.
    private static let group = 16

    private var waiting: [PeerID: ArraySlice<Question>] = [:]
    /// Peers with a question that waits, in the order of their turns.
    private var turns: ArraySlice<PeerID> = []
    /// Those that wait and those under way: each is asked once, whoever wants to know.
    private var open: Set<Question> = []
    private var underWay: [Question] = []

    mutating func ask(_ question: Question, for peer: PeerID) {
        guard open.insert(question).inserted else { return }
        if waiting[peer] == nil { turns.append(peer) }
        waiting[peer, default: []].append(question)
    }

    /// A peer has left, and with it what it alone wanted to know.
    mutating func forget(_ peer: PeerID, unless isWanted: (Question) -> Bool) {
        guard let questions = waiting[peer] else { return }
        let wanted = questions.filter(isWanted)
        open.subtract(Set(questions).subtracting(wanted))
        waiting[peer] = wanted[...]
    }

    /// The next questions, nil while others are under way or when there are none; `landed` or `failed` must follow.
    mutating func depart() -> LedgerOrder? {
        guard underWay.isEmpty, !turns.isEmpty else { return nil }
        while underWay.count < Self.group, let peer = turns.popFirst() {
            if let question = waiting[peer]?.popFirst() { underWay.append(question) }
            if waiting[peer]?.isEmpty == true { waiting[peer] = nil } else { turns.append(peer) }
        }
        return underWay.isEmpty ? nil : order
    }

    /// What is under way.
    private var order: LedgerOrder {
        var jobs: [Int64] = []
        var contents: [ContentHash] = []
        for question in underWay {
            switch question {
            case .fate(let job): jobs.append(job)
            case .content(let hash): contents.append(hash)
            }
        }
        return .inquire(jobs: jobs, contents: contents)
    }

    /// The ledger has answered; returns the jobs it was asked about.
    mutating func landed() -> [Int64] {
        open.subtract(underWay)
        defer { underWay = [] }
        return underWay.compactMap { if case .fate(let job) = $0 { job } else { nil } }
    }

    /// The ledger could not be asked: the same order, for later.
    var unanswered: LedgerOrder { order }
}
