/// What somebody asks of an alarm.
package struct AlarmAct: Sendable, Hashable {
    package enum Verb: Sendable, Hashable {
        case acknowledge
        /// For some microseconds; nil until the alarm has cleared.
        case shelve(duration: Int64?)
        case unshelve
        case takeOutOfService
        case returnToService
        case comment
        case close(AlarmLabel)
    }

    package var verb: Verb
    package var reason: String
    package var who: String

    package init(_ verb: Verb, reason: String = "", who: String) {
        (self.verb, self.reason, self.who) = (verb, reason, who)
    }
}

/// Why an act was refused.
package enum AlarmRefusal: String, Sendable, CaseIterable {
    case unknownAlarm = "unknown alarm"
    case nothingToAcknowledge = "nothing to acknowledge"
    case reasonMissing = "reason missing"
    case shelvedTooLong = "shelved too long"
    case notShelved = "not shelved"
    case alreadyOutOfService = "already out of service"
    case inService = "in service"
    case nothingToClose = "nothing to close"

    /// What happened, and what to do.
    package var sentence: String {
        switch self {
        case .unknownAlarm: "there is no such alarm; 'auscult alarm list' shows those there are"
        case .nothingToAcknowledge: "it is acknowledged already, or was never raised"
        case .reasonMissing: "say why with --reason: whoever comes next wants to know"
        case .shelvedTooLong: "an alarm is shelved for one second to seven days; take it out of service for longer"
        case .notShelved: "it is not shelved"
        case .alreadyOutOfService: "it is out of service already"
        case .inService: "it is in service"
        case .nothingToClose: "it was never raised, or its last occurrence is closed already"
        }
    }
}

extension AlarmCondition {
    /// Seven days.
    package static let longestShelving: Int64 = 7 * 86_400_000_000

    /// The event that an act comes to, or why it is refused.
    ///
    /// - Parameter now: in microseconds since 1970.
    package func event(of act: AlarmAct, now: Int64) -> Result<AlarmEvent, AlarmRefusal> {
        switch act.verb {
        case .acknowledge:
            return isAcknowledged ? .failure(.nothingToAcknowledge) : .success(.acknowledged)
        case .shelve(let duration):
            if act.reason.isEmpty { return .failure(.reasonMissing) }
            guard let duration else { return .success(.shelved(until: nil)) }
            guard (1_000_000...Self.longestShelving).contains(duration) else { return .failure(.shelvedTooLong) }
            return .success(.shelved(until: now + duration))
        case .unshelve:
            return shelving == .unshelved ? .failure(.notShelved) : .success(.unshelved)
        case .takeOutOfService:
            if act.reason.isEmpty { return .failure(.reasonMissing) }
            return isOutOfService ? .failure(.alreadyOutOfService) : .success(.takenOutOfService)
        case .returnToService:
            return isOutOfService ? .success(.returnedToService) : .failure(.inService)
        case .comment:
            return act.reason.isEmpty ? .failure(.reasonMissing) : .success(.commented)
        case .close(let label):
            return hasOccurred && self.label == nil ? .success(.closed(label)) : .failure(.nothingToClose)
        }
    }
}

extension AlarmRefusal: Error {}
