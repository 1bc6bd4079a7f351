import Foundation
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// The registry says of every field what it may hold, and decoding keeps to it.
@Suite struct FieldRegistryTests {
    @Test func everyFieldOfEveryMessageHasItsRule() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var declared: [String: [Int: String]] = [:]
        for file in ["auscult", "training"] {
            let text = try String(contentsOf: root.appending(path: "schema/wire/\(file).proto"), encoding: .utf8)
            var message = ""
            for line in text.split(separator: "\n") {
                if let match = line.firstMatch(of: /^message (\w+)/) {
                    message = String(match.1)
                    declared[message] = [:]
                }
                if let match = line.firstMatch(of: /^ +(?:optional |repeated )?\w+ (\w+) = (\d+);/), !message.isEmpty {
                    declared[message]?[try #require(Int(match.2))] = String(match.1)
                }
            }
        }
        #expect(FieldRegistry.messages.mapValues { $0.mapValues(\.name) } == declared)
    }

    /// Whatever a field holds, decoding says which message it is or which field is at fault.
    @Test(arguments: Command.allCases)
    func everyExtremeIsAValue(_ command: Command) {
        for extreme in WireExtremes.cases(of: command) {
            let decoded = extreme.header.withUnsafeBytes { header in
                extreme.body.withUnsafeBytes { Envelope.decode(header: header, body: $0, payload: []) }
            }
            if case .refused(_, let error) = decoded, error.code == .badField {
                let field = extreme.description.split(whereSeparator: { " .,".contains($0) })
                #expect(!error.reason.isEmpty && error.reason.isPlain, "\(field)")
            }
        }
    }

    @Test(arguments: [
        ("Follow.job = 9223372036854775808", Command.follow), ("Failure.code", .result),
        ("Result.score.flags", .result),
    ])
    func extremesReachEveryDepth(_ wanted: String, _ command: Command) {
        let parts = wanted.split(separator: ".")
        #expect(
            WireExtremes.cases(of: command).contains { extreme in
                parts.allSatisfy { extreme.description.contains($0.lowercased()) || extreme.description.contains($0) }
            })
    }

    @Test func whatLiesBeyondARangeIsRefusedByItsName() {
        let follow = WireMessage.follow(.with { ($0.key, $0.job) = ("k", .min) })
        let failure = WireMessage.result(.with { ($0.token, $0.failure.code) = (1, 4_000_000_000) })
        let bidi = WireMessage.goodbye(.with { $0.reason = "\u{202e}" })
        let name = WireMessage.drainWorker(.with { $0.worker = "worker\u{9b}31m" })
        #expect(Self.refusal(of: follow)?.reason.contains("job") == true)
        #expect(Self.refusal(of: failure)?.reason.contains("code") == true)
        #expect(Self.refusal(of: bidi) == nil)
        #expect(Self.refusal(of: name)?.reason.hasSuffix("worker\\u{9b}31m") == true)
        #expect(Self.refusal(of: .submit(.init()))?.reason.contains("has no") == true)
    }

    private static func refusal(of message: WireMessage) -> WireError? {
        let body = message.serialized()
        var header = [UInt8](repeating: 0, count: WireHeader.byteCount)
        header.withUnsafeMutableBytes { Envelope(message).header.write(to: $0) }
        let decoded = header.withUnsafeBytes { header in
            body.withUnsafeBytes { Envelope.decode(header: header, body: $0, payload: []) }
        }
        guard case .refused(_, let error) = decoded else { return nil }
        return error
    }

    @Test func textsFromOutsideAreMadePlain() {
        #expect("a\u{1b}[2J\n\u{202e}x\u{9b}\u{7f}".madePlain() == "a\\u{1b}[2J \\u{202e}x\\u{9b}\\u{7f}")
        #expect("a\tb\u{9b}31m\n".shown == "a\tb\\u{9b}31m\n")
        #expect("{\"a\":\"\u{202e}\"}".shownInJSON == "{\"a\":\"\\u202e\"}")
        #expect("Lüfter-3 ✓ 機械".isPlain)
        #expect(String(repeating: "a", count: 2_000).madePlain().count == 1_000)
    }
}
