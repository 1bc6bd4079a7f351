/// The state of one machine: a fold over its clips, in the order in which they were judged, and over time.
///
/// Each condition (sounds strange, sensor at fault, no data) rises and falls by its own rule; the state is the one that
/// matters most. Delays are measured by the recorder's clock, so that clips that come late in one go count as they were
/// recorded; where that clock goes backwards a delay begins anew. Silence is measured by the caller's, which only grows.
package struct MachineWatch: Sendable, Hashable, Codable {
    /// What has changed.
    package enum Change: Sendable, Hashable {
        case state(MachineState)
        case raised(AlarmKind, job: Int64?, modelVersion: String?)
        case cleared(AlarmKind, job: Int64?)
    }

    /// How a clip counts towards an alarm.
    private enum Mark: String, Codable {
        case clear, between, anomalous
    }

    /// How many clips the usual score remembers.
    private static let memory = 50.0

    package private(set) var state = MachineState.learning
    package private(set) var conditions: Set<AlarmKind> = []
    /// By the caller's clock.
    private var lastHeard: Int64
    /// Of the last clips that were scored, oldest first.
    private var marks: [Mark] = []
    private var isJudged = false
    private var clearRun = 0
    private var faultRun = 0
    /// The score that clips below the threshold usually have.
    private var usual: Double?
    /// When enough clips were strange for an alarm, or clear for its end, without a break since.
    private var turningSince: Int64?
    private var endedAt: Int64?

    /// - Parameter now: the time from which the machine is expected to be heard.
    package init(now: Int64) { lastHeard = now }

    /// Goes on after a pause in which nobody listened: silence counts from now.
    package mutating func resume(now: Int64) { lastHeard = now }

    /// Takes a clip in.
    package mutating func hear(_ clip: JudgedClip, policy: WatchPolicy, now: Int64) -> [Change] {
        lastHeard = max(lastHeard, now)
        var changes = fall(.noData, job: clip.job)
        switch clip.judgement {
        case .sensorFault:
            faultRun = min(faultRun + 1, policy.anomalous)
            if faultRun >= policy.anomalous { changes += rise(.sensorFault, job: clip.job) }
        case .scored(let score, let threshold, let modelVersion):
            faultRun = 0
            changes += fall(.sensorFault, job: clip.job)
            if let threshold {
                mark(score, threshold, policy)
                changes += judge(clip, modelVersion, policy)
            }
        }
        return changes + settle()
    }

    /// Lets time pass.
    package mutating func tick(policy: WatchPolicy, now: Int64) -> [Change] {
        guard isJudged || faultRun > 0, now - lastHeard > policy.silence else { return [] }
        return rise(.noData) + settle()
    }

    private mutating func mark(_ score: Double, _ threshold: Double, _ policy: WatchPolicy) {
        isJudged = true
        let mark: Mark
        if score > threshold {
            mark = .anomalous
        } else {
            let usual = usual ?? score
            mark = score <= threshold - policy.deadBand * (threshold - usual) ? .clear : .between
            self.usual = usual + (score - usual) / Self.memory
        }
        marks.append(mark)
        marks.removeFirst(max(0, marks.count - policy.among))
        clearRun = mark == .clear ? min(clearRun + 1, policy.clear) : 0
    }

    private mutating func judge(_ clip: JudgedClip, _ modelVersion: String, _ policy: WatchPolicy) -> [Change] {
        let isActive = conditions.contains(.anomaly)
        let turns = isActive ? clearRun >= policy.clear : marks.count { $0 == .anomalous } >= policy.anomalous
        guard turns else {
            turningSince = nil
            return []
        }
        let since = min(turningSince ?? clip.recordedAt, clip.recordedAt)
        turningSince = since
        guard clip.recordedAt - since >= (isActive ? policy.offDelay : policy.onDelay) else { return [] }
        if isActive {
            (turningSince, endedAt) = (nil, clip.recordedAt)
            return fall(.anomaly, job: clip.job)
        }
        if let endedAt, (0..<policy.holdOff).contains(clip.recordedAt - endedAt) { return [] }
        (turningSince, clearRun) = (nil, 0)
        return rise(.anomaly, job: clip.job, modelVersion)
    }

    private mutating func rise(_ kind: AlarmKind, job: Int64? = nil, _ modelVersion: String? = nil) -> [Change] {
        conditions.insert(kind).inserted ? [.raised(kind, job: job, modelVersion: modelVersion)] : []
    }

    private mutating func fall(_ kind: AlarmKind, job: Int64) -> [Change] {
        conditions.remove(kind) == nil ? [] : [.cleared(kind, job: job)]
    }

    private mutating func settle() -> [Change] {
        let present: MachineState =
            if conditions.contains(.noData) { .noData } else if conditions.contains(.sensorFault) {
                .sensorFault
            } else if conditions.contains(.anomaly) { .alarm } else if marks.contains(.anomalous) {
                .watch
            } else if isJudged { .normal } else { .learning }
        guard present != state else { return [] }
        state = present
        return [.state(present)]
    }
}
