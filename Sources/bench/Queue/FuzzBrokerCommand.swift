import ArgumentParser
import FoundationEssentials
import Messaging
import Nodes
import SwiftProtobuf
import TestSupport
import Wire

/// Sends a live broker what no honest peer sends, and looks whether honest ones are served as before.
struct FuzzBrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-broker", abstract: "Send random and mutated messages to a live broker; then do honest work.",
        discussion: """
            Connections come and go, since one that sends nonsense is soon not listened to; every other one says an \
            honest HELLO first, so that its messages reach further.

            Example: auscult-bench fuzz-broker --inputs 100000 --seed 1
            """)

    @Option(help: "An empty directory; it is emptied afterwards.")
    var data = "/tmp/auscult-bench-fuzz"

    @Option(help: "How many messages to send.")
    var inputs = 100_000

    @Option(help: "The same seed makes the same messages.")
    var seed: UInt64 = 1

    private static let messagesPerConnection = 48

    func run() throws {
        let bench = QueueBench(
            directory: data, executable: try QueueCommand.product, clips: 0, ingest: 0, kills: 0, soakSeconds: 0)
        try bench.withCluster("fuzz") { cluster in
            _ = try bench.run(1_000, on: cluster, series: "before", payload: QueueBench.payload(64))
            let before = try ProcessUse(cluster.brokerProcess)
            let start = ContinuousClock.now
            var fuzz = WireFuzz(seed: seed)
            var sent = 0
            while sent < inputs {
                sent += try Self.visit(cluster.endpoint, &fuzz, isHonest: sent / Self.messagesPerConnection % 2 == 0)
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let after = try ProcessUse(cluster.brokerProcess)
            let now = try bench.run(1_000, on: cluster, series: "after", payload: QueueBench.payload(64))
            let figures = try bench.conservation(1_000, in: cluster, series: "after")
            Bench.say(
                "\(sent) messages, seed \(seed), in \(Int(seconds)) s; broker resident \(Int(before.residentMegabytes)) MB "
                    + "before, \(Int(after.residentMegabytes)) MB after; descriptors \(before.descriptors), "
                    + "\(after.descriptors); afterwards \(now.acknowledgedCount) of 1000 honest clips scored")
            for figure in figures { Bench.say(figure.line) }
        }
    }

    /// One peer's worth of nonsense, on two connections; returns how many messages it was.
    private static func visit(_ endpoint: Endpoint, _ fuzz: inout WireFuzz, isHonest: Bool) throws -> Int {
        let context = try MessagingContext()
        var poller = Poller()
        let sockets = try (0..<2).map { _ in
            let socket = try Socket(.dealer, in: context, options: SocketOptions(lingerMilliseconds: 200))
            try socket.connect(endpoint)
            poller.watchWritable(poller.add(socket), true)
            return socket
        }
        func send(_ message: Messaging.Message, on socket: Socket) throws {
            while try socket.send(message) != .sent { try poller.wait(.milliseconds(5)) }
        }
        if isHonest {
            let role = [WireRole.gateway, .coordinator, .operator][Int.random(in: 0..<3)]
            let session = "\(UInt64.random(in: 0 ... .max))"
            for (lane, socket) in zip([WireLane.control, .data], sockets) {
                let hello = WireHello.with {
                    ($0.role, $0.lane, $0.peer, $0.session) = (role, lane, "fuzz-\(session)", session)
                }
                try send(Message(Envelope(.hello(hello))), on: socket)
            }
        }
        for number in 0..<messagesPerConnection {
            let (header, body, payload) = fuzz.message()
            let parts = payload.map { Frame([UInt8](repeating: 0x52, count: $0 % 20_000)) }
            try send(Message([Frame(header), Frame(body)] + parts), on: sockets[number % 2])
            for socket in sockets { while try socket.receive() != nil {} }
        }
        return messagesPerConnection
    }
}
