import ArgumentParser
import Messaging
import Wire

/// Times messages between two threads over loopback, in turn with pyzmq doing the same.
struct MessagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messages", abstract: "Messages per second over loopback, from a DEALER to a ROUTER.",
        discussion: """
            Each message has a header, which is decoded, and one more frame. With --peers (the folder made by \
            Sources/bench/peers/queues-setup) pyzmq takes turns with ours, and the ratio is printed.

            Example: auscult-bench messages --peers /tmp/peers
            """)

    @Option(help: "Bytes in the second frame, separated by commas.")
    var sizes = "100,1000,320000"

    @Option(help: "Seconds to measure each size, each time.")
    var seconds = 1.0

    @Option(help: "How often each size is measured; the median counts.")
    var rounds = 3

    @Option(help: "Folder of the Python environment with pyzmq.")
    var peers: String?

    @Option(help: "The peer's program.")
    var script = "Sources/bench/peers/messages.py"

    private struct Turn: Decodable { let perSecond: Double }

    func run() throws {
        let peer = try peers.map { try Peer(environment: $0, script: script, arguments: []) }
        for size in sizes.split(separator: ",").compactMap({ Int($0) }) {
            var (ours, theirs): ([Double], [Double]) = ([], [])
            for _ in 0..<rounds {
                // A first, short run finds out how many messages fill the time.
                let estimate = try MessageRun(frameBytes: size, messages: 2_000).measure()
                let messages = max(2_000, Int(estimate * seconds))
                ours.append(try MessageRun(frameBytes: size, messages: messages).measure())
                if let peer { theirs.append(try peer.turn("\(size)", as: Turn.self).perSecond) }
            }
            let rate = Samples(ours).quantile(0.5)
            Bench.say(
                "messages of \(size) bytes: \(Int(rate)) per second, \(Int(rate * Double(size) / 1e6)) MB per second")
            guard peer != nil else { continue }
            let other = Samples(theirs).quantile(0.5)
            Bench.say(
                "  pyzmq in turn: \(Int(other)) per second; ours is \((rate / other * 100).rounded() / 100) times it")
        }
    }
}

/// One thread sends, another receives and decodes the headers.
struct MessageRun {
    let frameBytes: Int
    let messages: Int

    /// Messages per second, from the first received to the last.
    func measure() throws -> Double {
        let context = try MessagingContext()
        let measured = try Mailbox<Double>()
        let finished = try WakeSignal()
        let (receiver, endpoint) = try NodeThread.start("receiver") {
            let router = try Socket(.router, in: context, options: .control)
            let endpoint = try router.bind(.tcp(host: "127.0.0.1", port: 0))
            return (endpoint, { measured.post(try receive(on: router, until: finished)) })
        }
        let (sender, _) = try NodeThread.start("sender") {
            let dealer = try Socket(.dealer, in: context, options: .control)
            try dealer.connect(endpoint)
            return ((), { try send(on: dealer) })
        }
        try sender.join()
        finished.raise()
        try receiver.join()
        guard let rate = measured.drain().first else { throw ValidationError("the receiver measured nothing") }
        return rate
    }

    private func send(on dealer: Socket) throws {
        var poller = Poller()
        let member = poller.add(dealer)
        poller.watchWritable(member, true)
        let content = [UInt8](repeating: 0x5a, count: frameBytes)
        for number in 1...messages {
            let header = WireHeader(command: Command.submit.rawValue, sequence: UInt32(truncatingIfNeeded: number))
            let frames = [Frame(byteCount: WireHeader.byteCount) { header.write(to: $0) }, Frame(content)]
            while try dealer.send(Message(frames)) != .sent { try poller.wait(.seconds(1)) }
        }
        // The receiver's word that all have arrived: a socket is not closed on messages half sent.
        poller.watchWritable(member, false)
        while try dealer.receive() == nil { try poller.wait(.seconds(1)) }
    }

    /// Keeps the socket until the sender has its answer: what a closing socket still has to send can be lost.
    private func receive(on router: Socket, until finished: WakeSignal) throws -> Double {
        var poller = Poller()
        let end = poller.add(finished)
        poller.add(router)
        let clock = ContinuousClock()
        var start = clock.now
        var received = 0
        while received < messages {
            try poller.wait(.seconds(1))
            while let message = try router.receive() {
                guard message.frames.first?.withUnsafeBytes({ WireHeader($0) }) != nil else { continue }
                received += 1
                if received == 1 { start = clock.now }
                if received == messages { _ = try router.send(Message(route: message.route, [Frame([1])])) }
            }
        }
        let rate = Double(messages - 1) / ((clock.now - start) / .seconds(1))
        while !poller.isReadable(end) { try poller.wait(.seconds(1)) }
        return rate
    }
}
