import Alarms
import Testing

/// One machine, clip by clip.
@Suite struct MachineWatchTests {
    /// A machine, its clips ten seconds apart.
    private struct Machine {
        var watch = MachineWatch(now: 0)
        var policy = WatchPolicy()
        var now: Int64 = 0
        var changes: [MachineWatch.Change] = []

        mutating func hear(_ scores: Double...) {
            for score in scores {
                now += 10_000_000
                changes += watch.hear(
                    JudgedClip(
                        job: now, recordedAt: now, judgement: .scored(score, threshold: 1, modelVersion: "ear-1")),
                    policy: policy, now: now)
            }
        }

        mutating func fail(_ clips: Int) {
            for _ in 0..<clips {
                now += 10_000_000
                changes += watch.hear(
                    JudgedClip(job: now, recordedAt: now, judgement: .sensorFault), policy: policy, now: now)
            }
        }

        mutating func wait(seconds: Int64) {
            now += seconds * 1_000_000
            changes += watch.tick(policy: policy, now: now)
        }
    }

    @Test func threeOfFiveRaiseAndFiveInARowEnd() {
        var machine = Machine()
        #expect(machine.watch.state == .learning)
        machine.hear(0, 0, 2)
        #expect(machine.watch.state == .watch)
        machine.hear(0, 2)
        #expect(machine.watch.state == .watch)
        machine.hear(2)
        #expect(machine.watch.state == .alarm)
        machine.hear(0, 0, 0, 0)
        #expect(machine.watch.state == .alarm)
        machine.hear(0)
        #expect(machine.watch.state == .normal)
    }

    @Test func scoresInTheDeadBandNeitherRaiseNorEnd() {
        var machine = Machine()
        machine.hear(0, 0, 2, 2, 2)
        #expect(machine.watch.state == .alarm)
        machine.hear(0.95, 0.95, 0.95, 0.95, 0.95, 0.95)
        #expect(machine.watch.conditions == [.anomaly])
        machine.hear(0, 0, 0, 0, 0)
        #expect(machine.watch.state == .normal)
    }

    @Test func anAlarmWaitsForItsDelayByTheRecordersClock() {
        var machine = Machine()
        machine.policy.onDelay = 30_000_000
        machine.hear(0, 2, 2, 2, 2, 2)
        #expect(machine.watch.state == .watch)
        machine.hear(2)
        #expect(machine.watch.state == .alarm)
    }

    @Test func noOtherAlarmIsRaisedWhileItIsHeldOff() {
        var machine = Machine()
        machine.policy.holdOff = 3_600_000_000
        machine.hear(2, 2, 2, 0, 0, 0, 0, 0, 2, 2, 2)
        #expect(machine.watch.state == .watch)
        machine.wait(seconds: 500)
        machine.now += 3_600_000_000
        machine.hear(2)
        #expect(machine.watch.state == .alarm)
    }

    @Test func silenceIsAStateAndEndsNoAlarm() {
        var machine = Machine()
        machine.hear(2, 2, 2)
        machine.wait(seconds: 601)
        #expect(machine.watch.state == .noData)
        #expect(machine.watch.conditions == [.anomaly, .noData])
        machine.hear(0)
        #expect(machine.watch.state == .alarm)
    }

    @Test func aSensorAtFaultIsNoStrangeMachine() {
        var machine = Machine()
        machine.hear(0)
        machine.fail(3)
        #expect(machine.watch.state == .sensorFault)
        machine.hear(0)
        #expect(machine.watch.state == .normal)
        #expect(!machine.changes.contains { if case .raised(.anomaly, _, _) = $0 { true } else { false } })
    }

    @Test func aMachineWithoutThresholdIsLearnt() {
        var watch = MachineWatch(now: 0)
        let changes = watch.hear(
            JudgedClip(job: 1, recordedAt: 1, judgement: .scored(5, threshold: nil, modelVersion: "ear-1")),
            policy: WatchPolicy(), now: 1)
        #expect(changes.isEmpty && watch.state == .learning)
    }

    @Test(
        arguments: [
            (\WatchPolicy.among, 0), (\.among, 65), (\.anomalous, 0), (\.anomalous, 6), (\.clear, 0),
        ] as [(WritableKeyPath<WatchPolicy, Int> & Sendable, Int)])
    func policiesOutOfRangeHaveAFlaw(field: WritableKeyPath<WatchPolicy, Int> & Sendable, value: Int) {
        var policy = WatchPolicy()
        #expect(policy.flaw == nil)
        policy[keyPath: field] = value
        #expect(policy.flaw != nil)
    }
}
