import Foundation
import Testing
import Wire

/// The document third parties write gateways from says what the code does.
@Suite struct ProtocolDocumentTests {
    private let lines: [String]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let document = try String(contentsOf: root.appending(path: "schema/wire/PROTOCOL.md"), encoding: .utf8)
        lines = document.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The rows below the table heading that begins with `heading`.
    private func rows(below heading: String) throws -> [String] {
        let start = try #require(lines.firstIndex { $0.hasPrefix(heading) })
        return Array(lines[(start + 2)...].prefix { $0.hasPrefix("|") })
    }

    @Test func everyErrorNumberIsDocumented() throws {
        let expected = WireError.Code.registry.map {
            "| \($0.code.rawValue) | \($0.name) | \($0.retry.rawValue) | \($0.sentence) |"
        }
        #expect(try rows(below: "| number | name |") == expected)
    }

    @Test func everyCommandIsDocumented() throws {
        let expected = Command.allCases.map { command in
            let rule = command.rule
            return "| \(command.rawValue) | \(rule.name) | \(Self.names(rule.senders)) | \(rule.lane.rawValue) "
                + "| \(rule.body == .small ? "64 KiB" : "1 MiB") | \(rule.carriesPayload ? "yes" : "no") |"
        }
        #expect(try rows(below: "| number | command |") == expected)
    }

    @Test func theLimitsAreThoseOfTheCode() {
        #expect(MessageLimits.partBytes == 1 << 20)
        #expect(MessageLimits.partCount == 256)
        #expect(MessageLimits.nameBytes == 256)
        #expect(MessageLimits.payloadBytes == 64 << 20)
        #expect(MessageLimits.heartbeatMilliseconds == 1_000)
        #expect(MessageLimits.missedHeartbeats == 3)
        #expect(lines.first == "# The Auscult protocol, version \(WireHeader.version)")
    }

    private static func names(_ senders: Parties) -> String {
        if senders == .everyone { return "broker, every peer" }
        if senders == .peers { return "every peer" }
        let all: [(Parties, String)] = [
            (.broker, "broker"), (.gateway, "gateway"), (.worker, "worker"), (.coordinator, "coordinator"),
            (.operator, "operator"),
        ]
        return all.filter { senders.contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}
