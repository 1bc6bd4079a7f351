import Messaging
import Testing

@Suite struct EndpointTests {
    @Test(arguments: ["tcp://127.0.0.1:5750", "tcp://[::1]:1", "tcp://*:0", "ipc:///run/auscult/broker", "ipc://b"])
    func endpointsAreReadAndWritten(_ text: String) throws {
        #expect(try Endpoint(text).description == text)
    }

    @Test(arguments: [
        "", "127.0.0.1:5750", "tcp://127.0.0.1", "tcp://:5750", "tcp://host:70000", "tcp://host:-1", "udp://host:1",
        "ipc://",
        "ipc://" + String(repeating: "p", count: 108),
    ])
    func whatIsNoEndpointIsRefused(_ text: String) {
        let error = #expect(throws: MessagingError.self) { try Endpoint(text) }
        #expect(error?.code == .badEndpoint)
    }

    @Test(arguments: ["tcp://127.0.0.1:1", "tcp://127.8.9.1:1", "tcp://localhost:1", "tcp://[::1]:1", "ipc://path"])
    func localEndpoints(_ text: String) throws {
        #expect(try Endpoint(text).isLocal)
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
