internal import Messaging
internal import Wire

/// Which connections send what is none of the protocol's, and which have done so too often to be listened to.
///
/// A clip that is refused is no misconduct, nor is a peer that was forgotten and does not know it. Remembers a bounded
/// number of connections: when the younger half is full, the older is forgotten.
struct Misconduct {
    /// Offences of one connection within `span` after which it is not listened to any more.
    static let limit = 64
    static let span: Int64 = 60_000_000
    private static let connections = 4_096

    private struct Record {
        var since: Int64
        var offences = 0
    }

    private var young: [Route: Record] = [:]
    private var old: [Route: Record] = [:]

    func isOver(_ route: Route) -> Bool { (young[route] ?? old[route]).map { $0.offences >= Self.limit } ?? false }

    /// Takes note of a refusal; true when it was one too many.
    mutating func note(_ code: WireError.Code, on route: Route, now: Int64) -> Bool {
        guard Self.offences.contains(code) else { return false }
        var record = young[route] ?? old[route] ?? Record(since: now)
        if now - record.since > Self.span { record = Record(since: now) }
        record.offences += 1
        if young[route] == nil, young.count >= Self.connections / 2 {
            old = young
            young = [:]
        }
        young[route] = record
        return record.offences == Self.limit
    }

    private static let offences: Set<WireError.Code> = [
        .badHeader, .unknownMajor, .unknownCommand, .badBody, .badPayload, .tooLarge, .badField, .notAllowed,
        .wrongLane,
        .unknownKey,
    ]
}
