import FoundationEssentials
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Wire

/// A gateway that pushes clips of one content under numbered keys, as fast as it may or at a given pace.
struct LoadGateway: Sendable {
    let endpoint: Endpoint
    let security: Security
    let site: String
    /// Keys begin with it: another one makes other clips.
    let series: String
    let payload: [UInt8]
    let times: LoadTimes
    /// Which of the load's clips it pushes.
    let clips: Range<Int>
    /// Clips it may have unanswered, besides the broker's credit.
    var window = 2_048
    /// Clips per second; as many as possible where nil.
    var pace: Double?

    /// Pushes all clips and waits until they are answered.
    func run() throws {
        let peer = try LoadPeer(.gateway, "load-\(site)-\(series)", at: endpoint, security: security)
        let credit = Int(try peer.join().limits.creditBytes)
        let frames = Frame.payload(payload)
        var submission = WireSubmit.with {
            $0.site = site
            $0.machine.type = BenchCluster.machine.type
            $0.machine.id = BenchCluster.machine.id
            $0.sha256 = Data(ContentHash(of: payload).bytes)
            $0.format = .audio
            $0.length = UInt64(payload.count)
        }
        var next = clips.lowerBound
        var again: [Int] = []
        var pausedUntil: Int64 = 0
        var (unanswered, answered) = (0, 0)
        let limit = max(1, min(window, credit / max(payload.count, 1)))
        let begin = SteadyClock.microseconds
        while answered < clips.count {
            let now = SteadyClock.microseconds
            let due = pace.map { clips.lowerBound + Int(Double(now - begin) * $0 / 1e6) + 1 } ?? clips.upperBound
            while now >= pausedUntil, unanswered < limit {
                let isRepeated = !again.isEmpty
                guard isRepeated || next < min(due, clips.upperBound) else { break }
                let clip = isRepeated ? again.removeLast() : next
                if !isRepeated { next += 1 }
                submission.key = "\(series)-\(clip)"
                submission.name = "\(clip)"
                times.note { if $0.sent[clip] == 0 { $0.sent[clip] = SteadyClock.microseconds } }
                try peer.say(.submit(submission), payload: frames)
                unanswered += 1
            }
            try peer.wait(milliseconds: 1) { message, _ in
                let now = SteadyClock.microseconds
                switch message {
                case .accepted(let accepted):
                    guard let clip = number(accepted.key) else { return }
                    unanswered -= 1
                    answered += 1
                    times.note {
                        $0.accepted[clip] = now
                        $0.acceptedCount += 1
                        if accepted.duplicate { $0.duplicates += 1 }
                    }
                case .busy(let busy):
                    guard let clip = number(busy.key) else { return }
                    unanswered -= 1
                    again.append(clip)
                    pausedUntil = now + Int64(busy.retryAfterMilliseconds) * 1_000
                    times.note { $0.busy += 1 }
                case .reject(let reject):
                    guard let clip = number(reject.key) else { return }
                    unanswered -= 1
                    times.note { $0.rejected += 1 }
                    if reject.error.code.retry == .later { again.append(clip) } else { answered += 1 }
                default: break
                }
            }
        }
        try peer.leave()
    }

    private func number(_ key: String) -> Int? { key.split(separator: "-").last.flatMap { Int($0) } }
}
