import Brokerage

/// A coordinator: asks for its shards until it has them all.
struct SimulatedCoordinator {
    let session: Int
    private var missing: [UInt32]
    private(set) var isWelcome = false
    private var nextHeartbeat: Microseconds = 0
    private var nextAsk: Microseconds = 0

    init(session: Int, shards: Int) {
        self.session = session
        missing = (0..<UInt32(shards)).map { $0 }
    }

    var isDone: Bool { missing.isEmpty }

    mutating func reconnect() { isWelcome = false }

    mutating func tick(now: Microseconds) -> [Message] {
        var said: [Message] = []
        if now >= nextHeartbeat {
            nextHeartbeat = now + 1_000_000
            let hello = Introduction(role: .coordinator, name: "coordinator")
            said.append(isWelcome ? .heartbeat(Heartbeat()) : .hello(hello))
        }
        if isWelcome, !missing.isEmpty, now >= nextAsk {
            nextAsk = now + 3_000_000
            let shards = missing.map { number in
                Shard(key: ShardKey(run: 1, step: 0, phase: 0, shard: number), kind: "test", specification: [])
            }
            said.append(.askShards(shards))
        }
        return said
    }

    mutating func hear(_ answer: Answer, now: Microseconds) {
        switch answer {
        case .welcome:
            isWelcome = true
            nextAsk = now
        case .reject(_, .sayHello):
            isWelcome = false
            nextHeartbeat = now
        case .shardDone(let done):
            if case .failed = done.ending {
                nextAsk = now
            } else {
                missing.removeAll { $0 == done.key.shard }
            }
        default: break
        }
    }
}
