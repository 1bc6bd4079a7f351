import Brokerage
import FoundationEssentials
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Testing
import Wire

/// Payloads around the size of a frame and up to the largest allowed travel in every direction, with and without CURVE.
@Suite(.serialized) struct PayloadSizeTests {
    static let cases = [false, true].flatMap { secure in
        [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20, largest].map { (secure, $0) }
    }

    private static let largest = 12 << 20

    @Test(arguments: cases)
    func everyCommandWithPayloadArrives(secure: Bool, byteCount: Int) throws {
        var configuration = BrokerConfiguration()
        configuration.payloadLimit = Self.largest
        let broker = try LiveBroker(secure: secure, configuration: configuration)
        let gateway = try broker.peer(.gateway, "gateway", keys: secure ? broker.allow(.gateway) : nil)
        let worker = try broker.peer(.worker, "worker", keys: secure ? broker.allow(.worker) : nil)
        let coordinator = try broker.peer(.coordinator, "coordinator", keys: secure ? broker.allow(.coordinator) : nil)
        for peer in [gateway, worker, coordinator] { _ = try peer.join() }
        let payload = Self.payload(byteCount)
        let hash = Data(ContentHash(of: payload).bytes)

        try gateway.say(.submit(LiveBroker.submission("a", payload)), payload: payload)
        _ = try gateway.wait { if case .accepted(let accepted) = $0 { accepted } else { nil } }
        let clip = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
        #expect(clip.payload == payload)

        try coordinator.say(.askShards(.with { $0.shards = [.with { ($0.key.run, $0.kind) = (1, "density.embed") }] }))
        let dispatch = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }.0
        let result = WireResult.with {
            $0.token = dispatch.token
            ($0.shard.key, $0.shard.sha256) = (dispatch.shard.key, hash)
        }
        try worker.say(.result(result), payload: payload)
        #expect(try coordinator.wait { if case .shardDone(let done) = $0 { done } else { nil } }.payload == payload)

        for durable in [true, false] {
            let put = WirePut.with { ($0.sha256, $0.length, $0.durable) = (hash, UInt64(byteCount), durable) }
            try coordinator.say(.put(put), payload: payload)
            _ = try coordinator.wait { if case .stored(let stored) = $0 { stored } else { nil } }
            try worker.say(.fetch(.with { $0.sha256 = hash }))
            #expect(try worker.wait { if case .content(let content) = $0 { content } else { nil } }.payload == payload)
        }
    }

    private static func payload(_ byteCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0x5a, count: byteCount)
        bytes.replaceSubrange(0..<4, with: Array("RIFF".utf8))
        bytes[byteCount - 1] = 1
        return bytes
    }
}
