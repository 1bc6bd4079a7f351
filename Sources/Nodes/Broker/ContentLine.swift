internal import Brokerage
internal import Messaging
internal import Plant

/// The content one peer waits for, in the order it asked: as much at a time as it takes.
///
/// So a peer that asks for everything and reads nothing costs the broker `UnreadBytes`' limit and what is being read
/// from the disk for it, not more.
struct ContentLine {
    /// Content that waits for its turn.
    enum Entry {
        case stored(ContentHash, SegmentLocation, isClip: Bool, RequestID?)
        /// It was in memory when it was asked for; the broker is asked again.
        case shelved(ContentHash, RequestID?)
    }

    /// Reads from the disk at once.
    private static let reads = 8

    let unread: UnreadBytes
    private var waiting: ArraySlice<Entry> = []
    private var readsUnderWay = 0

    init(_ unread: UnreadBytes) { self.unread = unread }

    var count: Int { waiting.count }

    mutating func append(_ entry: Entry) { waiting.append(entry) }

    /// The next one to serve, nil when none waits or the peer has enough.
    mutating func next() -> Entry? {
        guard let first = waiting.first, readsUnderWay < Self.reads, unread.hasRoom() else { return nil }
        waiting.removeFirst()
        if case .stored = first { readsUnderWay += 1 }
        return first
    }

    /// What was read from the disk has come, or cannot.
    mutating func hasRead() { readsUnderWay -= 1 }
}
