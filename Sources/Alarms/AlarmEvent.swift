/// Something that happened to an alarm. Its events, in order, are all there is to know of it.
package enum AlarmEvent: Sendable, Hashable {
    case raised(job: Int64?, modelVersion: String?)
    case cleared(job: Int64?)
    case acknowledged
    /// Until a time, in microseconds since 1970; nil until the alarm has cleared.
    case shelved(until: Int64?)
    case unshelved
    /// By design: another alarm or state explains this one.
    case suppressed
    case unsuppressed
    case takenOutOfService
    case returnedToService
    case commented
    case closed(AlarmLabel)

    /// Its name in rows.
    package var name: String {
        switch self {
        case .raised: "raised"
        case .cleared: "cleared"
        case .acknowledged: "acknowledged"
        case .shelved: "shelved"
        case .unshelved: "unshelved"
        case .suppressed: "suppressed"
        case .unsuppressed: "unsuppressed"
        case .takenOutOfService: "taken out of service"
        case .returnedToService: "returned to service"
        case .commented: "commented"
        case .closed: "closed"
        }
    }
}

/// What an alarm turned out to be, said by whoever closes it: the label from which thresholds and models learn.
package enum AlarmLabel: String, Sendable, Codable, CaseIterable {
    case confirmedFault = "confirmed-fault"
    case falseAlarm = "false-alarm"
    case machineChanged = "machine-changed"
    case sensorMoved = "sensor-moved"
}
