/// What the protocol says of one command.
package struct CommandRule: Hashable, Sendable {
    package enum Lane: String, Hashable, Sendable { case control, data, either }

    /// How large the protobuf body may be.
    package enum Body: Int, Hashable, Sendable {
        case small = 65_536
        case large = 1_048_576
    }

    /// As documents and errors write it, such as `RESULT_ACK`.
    package let name: String
    package let senders: Parties
    package let lane: Lane
    package let body: Body
    /// Whether frames [2...] may follow.
    package let carriesPayload: Bool

    init(_ name: String, from senders: Parties, on lane: Lane, body: Body = .small, payload: Bool = false) {
        self.name = name
        self.senders = senders
        self.lane = lane
        self.body = body
        carriesPayload = payload
    }

    /// Whether a peer that said this role and lane in its HELLO may send the command there.
    package func allows(_ role: WireRole, on lane: WireLane) -> WireError.Code? {
        guard senders.contains(Parties(role)), !Parties(role).isEmpty else { return .notAllowed }
        switch (self.lane, lane) {
        case (.either, _), (.control, .control), (.data, .data): return nil
        default: return .wrongLane
        }
    }
}

/// The broker and the roles of its peers.
package struct Parties: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let broker = Parties(rawValue: 1)
    package static let gateway = Parties(rawValue: 2)
    package static let worker = Parties(rawValue: 4)
    package static let coordinator = Parties(rawValue: 8)
    package static let `operator` = Parties(rawValue: 16)
    package static let peers: Parties = [.gateway, .worker, .coordinator, .operator]
    package static let everyone: Parties = [.broker, .peers]

    /// Nobody, for a role this version does not know.
    package init(_ role: WireRole) {
        self =
            switch role {
            case .gateway: .gateway
            case .worker: .worker
            case .coordinator: .coordinator
            case .operator: .operator
            case .unspecified, .UNRECOGNIZED: []
            }
    }
}
