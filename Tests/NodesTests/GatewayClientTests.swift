import Datasets
import FoundationEssentials
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// A gateway whose clips the broker cannot or will not take, played by a scripted broker.
@Suite struct GatewayClientTests {
    /// A clip of so many bytes in a file.
    private static func clip(_ name: String, _ byteCount: Int, in folder: TemporaryDirectory) throws -> OutgoingClip {
        let bytes = [UInt8](repeating: 7, count: byteCount)
        let path = "\(folder.path)/\(name)"
        try Data(bytes).write(to: URL(filePath: path))
        return OutgoingClip(
            try ClipFile(FilePath(path), format: .audio, changedAt: 0),
            machine: try #require(MachineName("fan/id_00")), site: "plant", key: name, recordedAt: 0, bytes: bytes,
            channel: 0)
    }

    @Test func theClipThatBreaksTheConnectionIsNamedAndTheOthersGoOn() throws {
        let folder = try TemporaryDirectory()
        let broker = try ScriptedBroker(frameBytes: 10_000)
        let (small, large) = try (
            Self.clip("small.wav", 1_000, in: folder), Self.clip("large.wav", 100_000, in: folder)
        )
        let answers = try Mailbox<String>()
        let endpoint = broker.endpoint
        let (thread, _) = try NodeThread.start("gateway") {
            (
                (),
                {
                    let client = try GatewayClient(name: "gateway", endpoints: [endpoint], follow: false) {
                        switch $1 {
                        case .accepted: answers.post("accepted \($0.name)")
                        case .rejected(let error): answers.post("\(error.code) \($0.name) \(error.reason)")
                        case .scored, .dead: answers.post("scored \($0.name)")
                        }
                    }
                    for clip in [large, small] { try client.take(clip) }
                    try client.finish()
                }
            )
        }
        var welcomes = 1
        try broker.welcome()
        while true {
            let heard = try broker.next()
            if case .submit(let submit) = heard.message {
                try broker.answer(heard, .accepted(.with { $0.key = submit.key }))
            } else if case .goodbye = heard.message {
                break
            } else {
                try broker.welcome(after: heard)
                welcomes += 1
            }
        }
        try thread.join()
        let said = answers.drain()
        #expect(said.count == 2 && said.contains("accepted small.wav"))
        #expect(said.contains { $0.hasPrefix("unsendable 130 large.wav \(large.path): the connection breaks") })
        #expect(welcomes >= 7)
    }
}
