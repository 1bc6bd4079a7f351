internal import Brokerage
internal import Plant
internal import SwiftProtobuf
internal import Wire

extension WireMessage {
    /// - Parameter payloadBytes: of the frames that go along.
    init(_ answer: Answer, payloadBytes: Int, minor: UInt8, configuration: BrokerConfiguration) {
        self =
            switch answer {
            case .welcome(let epoch): .welcome(.init(epoch: epoch, minor: minor, configuration: configuration))
            case .heartbeat: .heartbeat(.init())
            case .accepted(let key, let job, let duplicate):
                .accepted(
                    .with {
                        $0.key = key
                        $0.job = job
                        $0.duplicate = duplicate
                    })
            case .busy(let key, let milliseconds, let pressure):
                .busy(
                    .with {
                        $0.key = key
                        $0.retryAfterMilliseconds = milliseconds
                        $0.reason = pressure.rawValue
                    })
            case .reject(let key, let refusal): .reject(refusal.error, key: key)
            case .outcome(let key, let record): .outcome(.init(key: key, record))
            case .dispatch(let dispatch): .dispatch(.init(dispatch))
            case .acknowledge(let token, let job):
                .resultAck(
                    .with {
                        $0.token = token.rawValue
                        if case .clip(let number) = job { $0.job = number }
                    })
            case .cancel(let token): .cancel(.with { $0.token = token.rawValue })
            case .drain: .drain(.init())
            case .shardDone(let done): .shardDone(.init(done))
            case .stored(let hash): .stored(.with { $0.sha256 = hash.data })
            case .content(let hash, _, _):
                .content(
                    .with {
                        $0.sha256 = hash.data
                        $0.length = UInt64(payloadBytes)
                    })
            case .status(let report): .status(.init(report))
            case .done: .done(.init())
            }
    }
}
