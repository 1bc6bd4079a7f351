internal import Glibc
package import Wire

/// Who a peer says it is in HELLO.
package struct PeerIdentity: Hashable, Sendable {
    package var role: WireRole
    /// The same after a restart; a worker's is its alone.
    package var name: String
    /// New at every start.
    package let session: String
    package let host: String
    package let process: UInt32

    package init(role: WireRole, name: String) {
        self.role = role
        self.name = name
        session = String(UInt64.random(in: 0 ... .max), radix: 16) + String(UInt64.random(in: 0 ... .max), radix: 16)
        host = Self.hostName
        process = UInt32(getpid())
    }

    /// The name of this host, for names of peers that are unique in a plant.
    package static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown-host" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// What a peer has to report about itself in HELLO and HEARTBEAT; only workers have anything.
package struct PeerReport: Sendable {
    package var credits: UInt32
    /// For HELLO.
    package var held: [WireHeldLease]
    /// For HEARTBEAT.
    package var progress: [WireProgress]
    package var draining: Bool

    package init(
        credits: UInt32 = 0, held: [WireHeldLease] = [], progress: [WireProgress] = [], draining: Bool = false
    ) {
        self.credits = credits
        self.held = held
        self.progress = progress
        self.draining = draining
    }
}
