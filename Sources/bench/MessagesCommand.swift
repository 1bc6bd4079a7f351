import ArgumentParser
import FoundationEssentials
import Messaging
import Wire

/// Times messages between two threads over loopback.
struct MessagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messages", abstract: "Messages per second over loopback, from a DEALER to a ROUTER.",
        discussion: """
            Each message has a header, which is decoded, and one more frame.

            Example: auscult-bench messages
            The same work with pyzmq: python Sources/bench/peers/messages.py
            """)

    @Option(help: "Bytes in the second frame, separated by commas.")
    var sizes = "100,1000,320000"

    @Option(help: "Seconds to measure each size.")
    var seconds = 2.0

    func run() throws {
        for size in sizes.split(separator: ",").compactMap({ Int($0) }) {
            // A first, short run finds out how many messages fill the time.
            let estimate = try MessageRun(frameBytes: size, messages: 2_000).measure()
            let messages = max(2_000, Int(estimate * seconds))
            let rate = try MessageRun(frameBytes: size, messages: messages).measure()
            print("messages of \(size) bytes: \(Int(rate)) per second, \(Int(rate * Double(size) / 1e6)) MB per second")
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
        let (receiver, endpoint) = try NodeThread.start("receiver") {
            let router = try Socket(.router, in: context, options: .control)
            let endpoint = try router.bind(.tcp(host: "127.0.0.1", port: 0))
            return (endpoint, { measured.post(try receive(on: router)) })
        }
        let (sender, _) = try NodeThread.start("sender") {
            let dealer = try Socket(.dealer, in: context, options: .control)
            try dealer.connect(endpoint)
            return ((), { try send(on: dealer) })
        }
        try receiver.join()
        try sender.join()
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

    private func receive(on router: Socket) throws -> Double {
        var poller = Poller()
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
        return Double(messages - 1) / ((clock.now - start) / .seconds(1))
    }
}
