import Brokerage
import Plant

/// A gateway with an outbox: it sends a clip until it is accepted, and asks until it knows the outcome.
struct SimulatedGateway {
    struct Clip {
        let record: ClipRecord
        let content: Int
        var job: Int64?
        var ended = false
        /// Why it was turned away for good.
        var refusal: Refusal?
        var nextTry: Microseconds = 0
    }

    private static let patience: Microseconds = 2_000_000

    var session: Int
    var clips: [Clip]
    private(set) var isWelcome = false
    private var nextHeartbeat: Microseconds = 0

    init(session: Int, clips: [Clip]) {
        self.session = session
        self.clips = clips
    }

    var isDone: Bool { clips.allSatisfy(\.ended) }

    /// The process died and came back: its outbox is on disk, its connection is new.
    mutating func restart(session: Int) {
        self.session = session
        isWelcome = false
    }

    /// The broker is silent: begin again, perhaps with another.
    mutating func reconnect() { isWelcome = false }

    enum Say {
        case plain(Message)
        /// A SUBMIT of this clip.
        case submit(Int)
    }

    mutating func tick(now: Microseconds) -> [Say] {
        guard isWelcome else {
            guard now >= nextHeartbeat else { return [] }
            nextHeartbeat = now + 1_000_000
            return [.plain(.hello(Introduction(role: .gateway, name: "gateway-\(session)")))]
        }
        var said: [Say] = []
        if now >= nextHeartbeat {
            nextHeartbeat = now + 1_000_000
            said.append(.plain(.heartbeat(Heartbeat())))
        }
        for index in clips.indices where !clips[index].ended && now >= clips[index].nextTry {
            clips[index].nextTry = now + Self.patience
            if let job = clips[index].job {
                said.append(.plain(.follow(key: clips[index].record.key, job: job)))
            } else {
                said.append(.submit(index))
            }
        }
        return said
    }

    mutating func hear(_ answer: Answer, now: Microseconds) {
        switch answer {
        case .welcome: isWelcome = true
        case .reject(_, .sayHello):
            isWelcome = false
            nextHeartbeat = now
        case .accepted(let key, let job, _): edit(key) { $0.job = job }
        case .busy(let key, let milliseconds, _): edit(key) { $0.nextTry = now + Microseconds(milliseconds) * 1_000 }
        case .outcome(let key, _): edit(key) { $0.ended = true }
        case .reject(let key, let refusal): edit(key) { ($0.ended, $0.refusal) = (true, refusal) }
        default: break
        }
    }

    private mutating func edit(_ key: String, _ change: (inout Clip) -> Void) {
        for index in clips.indices where clips[index].record.key == key { change(&clips[index]) }
    }
}
