/// What an alarm's events come to: the orthogonal flags of OPC UA Part 9, and the state of ISA-18.2 that follows.
package struct AlarmCondition: Sendable, Hashable, Codable {
    package enum Shelving: Sendable, Hashable, Codable {
        case unshelved
        /// Until the alarm has cleared.
        case oneShot
        /// Until a time, in microseconds since 1970.
        case timed(until: Int64)
    }

    /// The letters of ISA-18.2.
    package enum Letter: String, Sendable, Codable, CaseIterable {
        case normal = "A"
        case unacknowledged = "B"
        case acknowledged = "C"
        case returnedUnacknowledged = "D"
        case shelved = "E"
        case suppressed = "F"
        case outOfService = "G"

        package var name: String {
            switch self {
            case .normal: "normal"
            case .unacknowledged: "unacknowledged"
            case .acknowledged: "acknowledged"
            case .returnedUnacknowledged: "returned unacknowledged"
            case .shelved: "shelved"
            case .suppressed: "suppressed by design"
            case .outOfService: "out of service"
            }
        }
    }

    package private(set) var isActive = false
    /// Also of an alarm that was never raised.
    package private(set) var isAcknowledged = true
    package private(set) var shelving = Shelving.unshelved
    package private(set) var isSuppressed = false
    package private(set) var isOutOfService = false
    /// Of its last occurrence.
    package private(set) var label: AlarmLabel?
    package private(set) var hasOccurred = false

    package init() {}

    package var letter: Letter {
        if isOutOfService { return .outOfService }
        if isSuppressed { return .suppressed }
        if shelving != .unshelved { return .shelved }
        if isActive { return isAcknowledged ? .acknowledged : .unacknowledged }
        return isAcknowledged ? .normal : .returnedUnacknowledged
    }

    /// Whether it asks an operator for something now.
    package var isAnnounced: Bool { [.unacknowledged, .returnedUnacknowledged, .acknowledged].contains(letter) }

    package mutating func apply(_ event: AlarmEvent) {
        switch event {
        case .raised:
            (isActive, isAcknowledged, hasOccurred, label) = (true, false, true, nil)
        case .cleared:
            isActive = false
            if shelving == .oneShot { shelving = .unshelved }
        case .acknowledged: isAcknowledged = true
        case .shelved(let until): shelving = until.map { .timed(until: $0) } ?? .oneShot
        case .unshelved: shelving = .unshelved
        case .suppressed: isSuppressed = true
        case .unsuppressed: isSuppressed = false
        case .takenOutOfService: isOutOfService = true
        case .returnedToService: isOutOfService = false
        case .commented: break
        case .closed(let label): (isAcknowledged, self.label) = (true, label)
        }
    }

    /// Whether its shelving is over.
    package func isOverdue(now: Int64) -> Bool {
        if case .timed(let until) = shelving { now >= until } else { false }
    }
}
