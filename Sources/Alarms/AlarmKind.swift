/// What an alarm is about. A machine has at most one alarm of a kind.
package enum AlarmKind: String, Sendable, Codable, CaseIterable {
    case anomaly
    case sensorFault = "sensor fault"
    case noData = "no data"
    case drift

    /// 1 is the most urgent.
    package var priority: Int {
        switch self {
        case .anomaly: 1
        case .sensorFault, .noData: 2
        case .drift: 3
        }
    }

    /// What to do, where nobody has written something better for the machine.
    package var guidance: String {
        switch self {
        case .anomaly: "Listen to the clip, then look at the machine."
        case .sensorFault: "Check the sensor and its cable; the machine itself is not heard."
        case .noData: "Check the gateway, its network and its power; nobody hears this machine."
        case .drift: "Compare with the machine's first clips; recalibrate, or move the sensor back."
        }
    }
}
