import Foundation
import Logging
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Training
import Wire

/// A worker that computes the shards it is given and spoils some of what it returns, each in another way.
final class RogueWorker: Sendable {
    private enum Event: Sendable {
        case dispatch(WireDispatch)
        case stop
    }

    private let link: PeerLink
    private let mailbox: Mailbox<Event>
    private let thread: NodeThread

    init(at endpoint: String) throws {
        let mailbox = try Mailbox<Event>()
        let configuration = PeerLink.Configuration(
            identity: .init(role: .worker, name: "rogue"), endpoints: [try Endpoint(endpoint)],
            logger: Logger(label: "rogue") { _ in SwiftLogNoOpLogHandler() }, report: { PeerReport(credits: 1) })
        let link = try PeerLink.open(configuration) { event in
            if case .message(.dispatch(let dispatch), _) = event { mailbox.post(.dispatch(dispatch)) }
        }
        (thread, _) = try NodeThread.start("rogue") {
            let worker = ShardWorker()
            return (
                (),
                {
                    var spoiled = 0
                    while true {
                        for event in mailbox.waitAndDrain() {
                            guard case .dispatch(let dispatch) = event else { return }
                            let (result, output) = try Self.answer(dispatch, worker, link, &spoiled)
                            link.send(.result(result), payload: Frame.payload(output))
                        }
                    }
                }
            )
        }
        (self.link, self.mailbox) = (link, mailbox)
    }

    func stop() throws {
        mailbox.post(.stop)
        try thread.join()
        try link.close(reason: "done")
    }

    private static func answer(
        _ dispatch: WireDispatch, _ worker: ShardWorker, _ link: PeerLink, _ spoiled: inout Int
    ) throws -> (WireResult, [UInt8]) {
        let work = dispatch.shard
        let truth = try worker.output(kind: work.kind, specification: [UInt8](work.specification)) { hash in
            let request = WireMessage.fetch(.with { $0.sha256 = Data(hash.bytes) })
            return try link.request(request, timeout: .seconds(30)).payload.flatMap {
                $0.withUnsafeBytes { [UInt8]($0) }
            }
        }
        var (output, told, key) = (truth, ContentHash(of: truth), work.key)
        if work.kind == BackwardShard.kind {
            spoiled += 1
            switch spoiled % 4 {
            case 1: output = try BackwardShard.Output(decoding: truth).spoiled { $0[0] = .nan }
            case 2: output = try BackwardShard.Output(decoding: truth).spoiled { $0.removeLast() }
            case 3: output = [0xFF, 0xFF, 0xFF]
            default: told = ContentHash(of: [1])
            }
            if spoiled % 4 != 0 { told = ContentHash(of: output) }
            // It holds its shard for ever, since this answers another one.
            if key.step >= 4 { key.step -= 1 }
        }
        let result = WireResult.with {
            $0.token = dispatch.token
            $0.job = dispatch.job
            $0.shard = .with {
                $0.key = key
                $0.sha256 = Data(told.bytes)
            }
        }
        return (result, output)
    }
}

extension BackwardShard.Output {
    fileprivate func spoiled(_ change: (inout [Float]) -> Void) -> [UInt8] {
        var copy = self
        change(&copy.gradient)
        return copy.encoded()
    }
}
