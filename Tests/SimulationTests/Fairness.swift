import Brokerage
import Plant

/// Watches the order in which one broker hands out clips: nobody is overtaken more than the queue promises.
///
/// A clip is overtaken within its site and model only by those accepted at most a head start after it, and a site that
/// waits only by a turn of each other site.
struct Fairness {
    static let priorityStep: Microseconds = 3_000_000
    static let quantum = 2_000

    /// For each site in line: what each other site was given since it was last served, bytes.
    private var overtaken: [String: [String: Int]] = [:]

    /// Somebody is being overtaken.
    var isWatching: Bool { !overtaken.isEmpty }

    /// Looks at what was handed out in one turn, in its order, and at the clips that are still in line after it.
    mutating func violations(of given: [WaitingClip], line: [WaitingClip]) -> [String] {
        var violations: [String] = []
        var inLine = Dictionary(grouping: line + given, by: \.clip.site).mapValues(\.count)
        for served in given {
            let site = served.clip.site
            overtaken[site] = nil
            for waiting in line where waiting.isOvertaken(by: served) {
                violations.append("clip \(waiting.job) was overtaken by clip \(served.job), accepted too late for that")
            }
            for (other, count) in inLine where other != site && count > 0 {
                let bytes = overtaken[other]?[site, default: 0] ?? 0
                overtaken[other, default: [:]][site] = bytes + Int(served.clip.location.length)
                if bytes + Int(served.clip.location.length) > Self.quantum + Int(World.largestClip) {
                    violations.append("\(other) waited while \(site) was given more than its turn")
                }
            }
            inLine[site, default: 1] -= 1
        }
        overtaken = overtaken.filter { inLine[$0.key, default: 0] > 0 }
        return violations
    }
}

extension WaitingClip {
    /// How long after this one a clip of the highest priority may be accepted and still go first.
    fileprivate var headStart: Microseconds {
        switch clip.priority {
        case .urgent: 0
        case .normal: Fairness.priorityStep
        case .bulk: 2 * Fairness.priorityStep
        }
    }

    fileprivate func isOvertaken(by served: WaitingClip) -> Bool {
        clip.site == served.clip.site && clip.machine == served.clip.machine
            && served.acceptedAt - acceptedAt > headStart - served.headStart
    }
}
