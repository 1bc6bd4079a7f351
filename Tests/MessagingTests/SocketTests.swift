import Glibc
import Messaging
import Testing

@Suite struct SocketTests {
    /// A ROUTER on a free loopback port and a DEALER connected to it, in one thread.
    private struct Pair {
        let context: MessagingContext
        let router: Socket
        let endpoint: Endpoint
        let dealer: Socket

        init(options: SocketOptions = .control) throws {
            context = try MessagingContext()
            router = try Socket(.router, in: context, options: options)
            endpoint = try router.bind(.tcp(host: "127.0.0.1", port: 0))
            dealer = try Socket(.dealer, in: context, options: options)
            try dealer.connect(endpoint)
        }

        /// Sends as soon as the connection stands.
        func send(_ frames: [Frame]) throws {
            var poller = Poller()
            let member = poller.add(dealer)
            poller.watchWritable(member, true)
            try poller.wait(.seconds(5))
            #expect(try dealer.send(Message(frames)) == .sent)
        }
    }

    private static func next(on socket: Socket) throws -> Message? {
        var poller = Poller()
        poller.add(socket)
        try poller.wait(.seconds(5))
        return try socket.receive()
    }

    /// Sends again and again until the wanted outcome, at most five seconds.
    private static func send(_ message: Message, on socket: Socket, until wanted: SendOutcome) throws -> Bool {
        var poller = Poller()
        poller.add(socket)
        for _ in 0..<5_000 {
            if try socket.send(message) == wanted { return true }
            try poller.wait(.milliseconds(1))
        }
        return false
    }

    @Test(arguments: [0, 1, 33, 34, 65_535, 65_536, 1_048_576])
    func messagesTravelBothWays(byteCount: Int) throws {
        let pair = try Pair()
        let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try pair.send([Frame([7]), Frame(payload)])
        let message = try #require(try Self.next(on: pair.router))
        #expect(message.frames.map(\.bytes) == [[7], payload])
        // What was received goes back without having been copied.
        #expect(try pair.router.send(message) == .sent)
        let answer = try #require(try Self.next(on: pair.dealer))
        #expect(answer.route == nil)
        #expect(answer.frames.map(\.bytes) == [[7], payload])
    }

    @Test func nothingToReceiveIsNil() throws {
        let pair = try Pair()
        #expect(try pair.router.receive() == nil)
    }

    @Test func aDealerWithoutConnectionIsFull() throws {
        let dealer = try Socket(.dealer, in: try MessagingContext(), options: .data)
        try dealer.connect(.ipc(path: "/tmp/auscult-nobody-\(getpid())"))
        #expect(try dealer.send(Message([Frame([1])])) == .full)
    }

    @Test func aPeerThatDoesNotReadFillsItsQueueUntilItDoes() throws {
        let pair = try Pair(options: SocketOptions(highWaterMark: 4))
        try pair.send([Frame([1])])
        let route = try #require(try Self.next(on: pair.router)).route
        let message = Message(route: route, [Frame([5]), Frame([UInt8](repeating: 5, count: 1 << 20))])
        var sent = 0
        while try pair.router.send(message) == .sent, sent < 1_000 { sent += 1 }
        #expect((1..<100).contains(sent))
        for _ in 0..<sent { #expect(try Self.next(on: pair.dealer)?.frames.map(\.count) == [1, 1 << 20]) }
        #expect(try Self.send(Message(route: route, [Frame([6])]), on: pair.router, until: .sent))
        #expect(try Self.next(on: pair.dealer)?.frames.map(\.bytes) == [[6]])
    }

    @Test func aVanishedPeerIsUnroutable() throws {
        let context = try MessagingContext()
        let router = try Socket(.router, in: context, options: .control)
        let endpoint = try router.bind(.tcp(host: "127.0.0.1", port: 0))
        let (thread, _) = try NodeThread.start("peer") {
            let dealer = try Socket(.dealer, in: context, options: .control)
            try dealer.connect(endpoint)
            var poller = Poller()
            poller.watchWritable(poller.add(dealer), true)
            try poller.wait(.seconds(5))
            _ = try dealer.send(Message([Frame([1])]))
            return ((), {})
        }
        try thread.join()
        let message = try #require(try Self.next(on: router))
        #expect(try Self.send(Message(route: message.route, [Frame([2])]), on: router, until: .unroutable))
    }

    @Test func framesBeyondTheLimitAreDropped() throws {
        var options = SocketOptions.control
        options.frameCount = 3
        let pair = try Pair(options: options)
        try pair.send((0..<9).map { Frame([$0]) })
        #expect(try #require(try Self.next(on: pair.router)).frames.map(\.bytes) == [[0], [1], [2]])
        try pair.send([Frame([10])])
        #expect(try #require(try Self.next(on: pair.router)).frames.map(\.bytes) == [[10]])
    }

    @Test func anOversizedFrameBreaksItsConnectionOnly() throws {
        let pair = try Pair(options: SocketOptions(frameBytes: 1_000))
        try pair.send([Frame([UInt8](repeating: 1, count: 1_001 + Security.frameRoom))])
        // What was queued behind it is lost with the connection; the next connection works.
        var arrived: Message?
        var poller = Poller()
        poller.add(pair.router)
        for _ in 0..<5_000 where arrived == nil {
            _ = try pair.dealer.send(Message([Frame([UInt8](repeating: 2, count: 1_000))]))
            try poller.wait(.milliseconds(1))
            arrived = try pair.router.receive()
        }
        #expect(try #require(arrived).frames.map(\.count) == [1_000])
    }

    @Test func aPortInUseIsSaid() throws {
        let pair = try Pair()
        let other = try Socket(.router, in: pair.context, options: .control)
        let error = #expect(throws: MessagingError.self) { try other.bind(pair.endpoint) }
        #expect(error?.code == .addressInUse)
    }

    @Test func aSocketFileInUseIsNotTakenOver() throws {
        let context = try MessagingContext()
        let path = "/tmp/auscult-messaging-\(getpid())"
        defer { unlink(path) }
        let first = try Socket(.router, in: context, options: .control)
        #expect(try first.bind(.ipc(path: path)) == .ipc(path: path))
        let second = try Socket(.router, in: context, options: .control)
        let error = #expect(throws: MessagingError.self) { try second.bind(.ipc(path: path)) }
        #expect(error?.code == .addressInUse)
    }

    @Test func oneFrameServesManyThreads() throws {
        let context = try MessagingContext()
        let router = try Socket(.router, in: context, options: .control)
        let endpoint = try router.bind(.tcp(host: "127.0.0.1", port: 0))
        let shared = Frame([UInt8](repeating: 9, count: 100_000))
        let threads = try (0..<4).map { index in
            try NodeThread.start("sender-\(index)") {
                let dealer = try Socket(.dealer, in: context, options: .control)
                try dealer.connect(endpoint)
                var poller = Poller()
                poller.watchWritable(poller.add(dealer), true)
                try poller.wait(.seconds(5))
                for _ in 0..<50 { _ = try dealer.send(Message([shared])) }
                return ((), {})
            }.0
        }
        for _ in 0..<200 {
            let message = try #require(try Self.next(on: router))
            #expect(message.frames[0].count == 100_000)
        }
        for thread in threads { try thread.join() }
    }
}
