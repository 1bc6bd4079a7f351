import Messaging
import Testing

@Suite struct EndpointTests {
    @Test(arguments: [
        "tcp://127.0.0.1:5750", "tcp://[::1]:1", "tcp://*:0", "tcp://broker-1.plant.example:5750",
        "tcp://[fe80::1%eth0]:7", "ipc:///run/auscult/broker", "ipc://b",
    ])
    func endpointsAreReadAndWritten(_ text: String) throws {
        #expect(try Endpoint(text).description == text)
    }

    @Test(arguments: [
        "", "127.0.0.1:5750", "tcp://127.0.0.1", "tcp://:5750", "tcp://host:70000", "tcp://host:-1", "udp://host:1",
        "tcp://::1:5750", "tcp://[::1:5750", "tcp://[host]:1", "tcp://a b:1", "tcp://eth0;host:1", "tcp://user@host:1",
        "ipc://",
        "ipc://" + String(repeating: "p", count: 108),
    ])
    func whatIsNoEndpointIsRefused(_ text: String) {
        let error = #expect(throws: MessagingError.self) { try Endpoint(text) }
        #expect(error?.code == .badEndpoint)
    }

    @Test(arguments: [
        "tcp://127.0.0.1:1", "tcp://127.8.9.1:1", "tcp://localhost:1", "tcp://[::1]:1", "tcp://[0:0::1]:1",
        "ipc://path",
    ])
    func localEndpoints(_ text: String) throws {
        #expect(try Endpoint(text).isLocal)
    }

    /// By name, by either family's address: a listener and who connects to it understand the same.
    @Test(arguments: ["tcp://localhost:0", "tcp://127.0.0.1:0", "tcp://[::1]:0"])
    func namesAndAddressesConnect(_ text: String) throws {
        let context = try MessagingContext()
        let listener = try Socket(.router, in: context, options: .control)
        let endpoint: Endpoint
        do throws(MessagingError) {
            endpoint = try listener.bind(try Endpoint(text))
        } catch {
            // A host without IPv6 cannot listen there; it says so.
            #expect(text.contains("::1"), "\(error)")
            return
        }
        guard case .tcp(_, let port) = endpoint, case .tcp(let host, _) = try Endpoint(text) else { return }
        let dealer = try Socket(.dealer, in: context, options: .control)
        try dealer.connect(.tcp(host: host, port: port))
        var sending = Poller()
        sending.watchWritable(sending.add(dealer), true)
        try sending.wait(.seconds(5))
        #expect(try dealer.send(Message([Frame([1])])) == .sent)
        var receiving = Poller()
        receiving.add(listener)
        try receiving.wait(.seconds(5))
        #expect(try listener.receive()?.frames.map(\.bytes) == [[1]])
    }

    @Test(arguments: ["tcp://*:1", "tcp://0.0.0.0:1", "tcp://10.0.0.1:1", "tcp://127.evil.example:1", "tcp://[::]:1"])
    func listeningForOthersIsRefused(_ text: String) throws {
        let socket = try Socket(.router, in: try MessagingContext(), options: .control)
        let endpoint = try Endpoint(text)
        #expect(!endpoint.isLocal)
        let error = #expect(throws: MessagingError.self) { try socket.bind(endpoint) }
        #expect(error?.code == .unprotected)
    }
}
