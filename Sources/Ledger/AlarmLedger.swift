package import Alarms

/// What the desk of alarms asks and tells the database. Calls block, as those of `BrokerLedger` do.
package protocol AlarmLedger: Sendable {
    /// Machines and alarms as the last desk left them.
    func alarmState() throws -> AlarmState

    /// When alarms are raised, as people have set it. What cannot be worked with is left out.
    func alarmPolicies() throws -> AlarmPolicies

    /// What these jobs said, in their order; those that judge neither machine nor sensor are left out.
    ///
    /// - Parameter sensorFaults: the error numbers of dead letters that blame the sensor.
    func judgedClips(of jobs: [Int64], sensorFaults: [Int]) throws -> [WatchedClip]

    /// What was said since a machine's last clip that a desk has taken in, of machines that one knows.
    func missedClips(limit: Int, sensorFaults: [Int]) throws -> [WatchedClip]

    /// What operators ask and nobody has answered, in their order.
    func openAlarmOrders() throws -> [AlarmOrder]

    /// Writes down what a desk has decided, all or nothing; throws `.fenced` when another broker leads.
    func record(_ page: AlarmPage, epoch: UInt32) throws
}

package struct AlarmState: Sendable {
    package var watches: [WatchedMachine: MachineWatch] = [:]
    package var conditions: [AlarmKey: AlarmCondition] = [:]
    /// The database's clock, in microseconds since 1970.
    package var now: Int64 = 0

    package init() {}
}

package struct WatchedClip: Sendable, Hashable {
    package var machine: WatchedMachine
    package var clip: JudgedClip

    package init(machine: WatchedMachine, clip: JudgedClip) { (self.machine, self.clip) = (machine, clip) }
}

package struct AlarmOrder: Sendable, Hashable {
    package var number: Int64
    /// Nil when there is no such alarm.
    package var key: AlarmKey?
    package var act: AlarmAct

    package init(number: Int64, key: AlarmKey?, act: AlarmAct) {
        (self.number, self.key, self.act) = (number, key, act)
    }
}

/// What a desk has decided since it last wrote.
package struct AlarmPage: Sendable {
    package var entries: [AlarmDesk.Entry] = []
    /// Of machines that were heard, with their newest job; nil where only time has passed.
    package var watches: [WatchedMachine: (watch: MachineWatch, job: Int64?)] = [:]
    package var conditions: [AlarmKey: AlarmCondition] = [:]
    /// Orders that are done, or why not.
    package var orders: [(number: Int64, refusal: AlarmRefusal?)] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty && watches.isEmpty && orders.isEmpty }
}
