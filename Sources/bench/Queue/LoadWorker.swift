import Messaging
import Nodes
import SwiftProtobuf
import Wire

/// A worker that does nothing: it answers every job at once.
final class LoadWorker: Sendable {
    private let stopping = Tally()
    private let thread: NodeThread

    /// Starts it, and returns once the broker has welcomed it.
    init(
        _ name: String, at endpoint: Endpoint, security: Security, credits: UInt32,
        times: @escaping @Sendable () -> LoadTimes
    )
        throws
    {
        let stopping = stopping
        (thread, _) = try NodeThread.start(name) {
            let peer = try LoadPeer(.worker, name, at: endpoint, security: security, credits: credits)
            _ = try peer.join()
            return (
                (),
                {
                    var clips: [UInt64: Int] = [:]
                    while stopping.count == 0 {
                        try peer.wait(milliseconds: 20) { message, _ in
                            let now = SteadyClock.microseconds
                            switch message {
                            case .dispatch(let dispatch):
                                let clip = Int(dispatch.score.name) ?? 0
                                clips[dispatch.token] = clip
                                times().note {
                                    $0.order.append(clip)
                                    if clip < $0.started.count { $0.started[clip] = now }
                                }
                                try peer.say(.result(Self.result(of: dispatch)))
                            case .resultAck(let ack):
                                guard let clip = clips.removeValue(forKey: ack.token) else { return }
                                times().note {
                                    if clip < $0.acknowledged.count { $0.acknowledged[clip] = now }
                                    $0.acknowledgedCount += 1
                                }
                            default: break
                            }
                        }
                    }
                    try peer.leave()
                }
            )
        }
    }

    func stop() throws {
        stopping.add()
        try thread.join()
    }

    static func result(of dispatch: WireDispatch) -> WireResult {
        .with {
            $0.token = dispatch.token
            $0.job = dispatch.job
            $0.score.modelVersion = dispatch.score.modelVersion
            $0.score.score = 1
            $0.score.verdict = "normal"
        }
    }
}
