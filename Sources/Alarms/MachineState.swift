/// How a machine is, in the one word that an operator reads first.
package enum MachineState: String, Sendable, Codable, CaseIterable {
    /// Nothing is known yet: no clip of it has been judged.
    case learning
    /// It sounds as it always did.
    case normal
    /// Some of its last clips sound strange, too few to say so.
    case watch
    /// It sounds strange again and again.
    case alarm
    /// What is recorded judges the sensor and not the machine.
    case sensorFault = "sensor fault"
    /// No clip of it has come for too long. This never ends an alarm.
    case noData = "no data"
}
