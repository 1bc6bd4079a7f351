import FoundationEssentials
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// Every field of every command at its extremes, sent to a live broker and to a live worker: none dies of it, and both
/// do honest work afterwards.
@Suite(.serialized) struct ExtremePeerTests {
    @Test(arguments: [WireRole.gateway, .worker, .coordinator, .operator])
    func aBrokerOutlivesEveryExtreme(_ role: WireRole) throws {
        let broker = try LiveBroker()
        let good = try broker.peer(.gateway, "good")
        _ = try good.join()
        let commands = Command.allCases.filter { $0 == .hello || $0.rule.allows(role, on: .control) != .notAllowed }
        let cases = commands.flatMap { WireExtremes.cases(of: $0) }
        // A connection that says too much nonsense is not listened to.
        for (number, start) in stride(from: 0, to: cases.count, by: 50).enumerated() {
            let peer = try broker.peer(role, "extreme-\(number)")
            _ = try peer.join()
            for extreme in cases[start..<min(start + 50, cases.count)] {
                let lane = extreme.command.rule.lane == .data ? WireLane.data : .control
                try peer.sayRaw([extreme.header, extreme.body], on: lane)
                if extreme.command.rule.carriesPayload {
                    try peer.sayRaw([extreme.header, extreme.body, [1, 2, 3, 4, 5]], on: lane)
                }
            }
            _ = try peer.hasUnread()
            if number.isMultiple(of: 4) { try good.expectAccepted("\(role)-\(number)") }
        }
        try good.expectAccepted("at the end")
        let worker = try broker.peer(.worker, "honest")
        _ = try worker.join()
        _ = try worker.wait { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
    }

    @Test func aWorkerOutlivesEveryExtreme() throws {
        let broker = try ScriptedBroker()
        let worker = try WorkerNode(
            .init(endpoints: [broker.endpoint], name: "worker"), welcomed: {}, hung: { Issue.record("hung: \($0)") })
        try broker.welcome(period: 60_000)
        func answer(_ heard: ScriptedBroker.Heard) throws {
            switch heard.message {
            case .fetch(let fetch):
                let reject = WireMessage.reject(WireError(.unknownContent, "nobody has it"), key: "\(fetch.sha256)")
                try broker.answer(heard, reject)
            case .result(let result): try broker.say(.resultAck(.with { $0.token = result.token }))
            case .hello: try broker.welcome(period: 60_000, after: heard)
            default: break
            }
        }
        let commands: [Command] = [
            .dispatch, .resultAck, .cancel, .content, .stored, .busy, .heartbeat, .status, .done,
        ]
        for extreme in commands.flatMap({ WireExtremes.cases(of: $0) }) {
            let lane = extreme.command.rule.lane == .data ? WireLane.data : .control
            try broker.sayRaw([extreme.header, extreme.body], on: lane)
            while let heard = try broker.poll() { try answer(heard) }
        }
        var last = WireDispatch()
        (last.token, last.job, last.attempt) = (0xfeed_0000_0001, 77, 1)
        try broker.say(.dispatch(last), on: .data)
        while true {
            let heard = try broker.next()
            if case .result(let result) = heard.message, result.token == last.token {
                #expect(result.failure.code == WireError.Code.unknownWork.rawValue)
                break
            }
            try answer(heard)
        }
        try broker.say(.resultAck(.with { $0.token = last.token }))
        let (ending, _) = try NodeThread.start("ending") { ((), { try worker.finish() }) }
        while true {
            let heard = try broker.next()
            if case .goodbye = heard.message { break }
            try answer(heard)
        }
        try ending.join()
    }
}
