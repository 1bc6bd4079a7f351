import FoundationEssentials
import Ledger
import Messaging
import Nodes
import Plant
import TestSupport
import Testing

/// Damage is known before anybody needs the bytes, and forgotten when it is mended.
@Suite struct ScrubTests {
    private let directory: String
    private let ledger = MemoryLedger()
    private let epoch: UInt32

    init() throws {
        directory = try TemporaryDirectory().path
        epoch = try ledger.openEpoch(holder: "broker")
    }

    private func payload(_ salt: UInt8) -> [UInt8] { [UInt8](repeating: salt, count: 500) }

    private func store(_ kind: PayloadKind, _ name: String) throws -> SegmentStore {
        try SegmentStore(directory: "\(directory)/\(name)", segmentBytes: 1 << 20) { [ledger] in
            try ledger.reach(intoSegment: $0, of: kind)
        }
    }

    /// Returns their jobs.
    @discardableResult
    private func acceptClips(_ salts: ClosedRange<UInt8>) throws -> [String] {
        let machine = try #require(MachineName("fan/id_00"))
        let locations = try store(.clips, "clips").append(salts.map { Frame.payload(payload($0)) })
        let clips = zip(salts, locations).map { salt, location in
            ClipRecord(
                key: "\(salt)", site: "north", machine: machine, recordedAt: 0, sha256: ContentHash(of: payload(salt)),
                format: .audio, name: "\(salt).wav", channel: 0, feature: nil, location: location)
        }
        return try ledger.accept(clips, epoch: epoch).map { "\($0.job)" }
    }

    private func put(_ salt: UInt8) throws {
        let location = try store(.content, "content").append([Frame.payload(payload(salt))])[0]
        try ledger.recordContent([(ContentHash(of: payload(salt)), location)], epoch: epoch)
    }

    private func flip(_ name: String, at byte: Int) throws {
        let file = URL(filePath: "\(directory)/\(name)/0000000001.segment")
        var bytes = try Data(contentsOf: file)
        bytes[byte] ^= 1
        try bytes.write(to: file)
    }

    /// What was found that was not known, and all that is damaged.
    private func scrub() throws -> [[String]] {
        var new: [String] = []
        let report = try Scrub(directory: directory, ledger: ledger).run(found: { new.append($0.subject) })
        return [new, report.damage.map(\.subject)]
    }

    @Test func whatIsDamagedIsNamedOnceUntilItIsMended() throws {
        let second = try acceptClips(1...3)[1]
        try put(9)
        #expect(try scrub() == [[], []])
        let content = ContentHash(of: payload(9)).description
        try flip("clips", at: 600)
        try flip("content", at: 30)
        #expect(try scrub() == [[second, content], [second, content]])
        #expect(try scrub() == [[], [second, content]], "known, and still so")
        // Putting content again mends it.
        try put(9)
        #expect(try scrub() == [[], [second]])
        try flip("clips", at: 600)
        #expect(try scrub() == [[], []])
        try flip("clips", at: 600)
        #expect(try scrub() == [[second], [second]], "what was mended and is damaged again is news")
    }

    @Test func aLostSegmentIsNamedClipByClip() throws {
        let jobs = try acceptClips(1...3)
        try put(9)
        try FileManager.default.removeItem(atPath: "\(directory)/clips/0000000001.segment")
        #expect(try scrub()[1] == jobs)
    }

    /// Another host's directory is not ours to judge.
    @Test func aDirectoryWithoutSegmentsIsRefused() throws {
        #expect(throws: (any Error).self) { try Scrub(directory: directory, ledger: ledger) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }

    @Test func itEndsWhenItIsTold() throws {
        try acceptClips(1...3)
        try put(9)
        var read = 0
        let report = try Scrub(directory: directory, ledger: ledger).run(found: { _ in }) { _ in
            read += 1
            return read < 2
        }
        #expect(report.payloads == 2)
    }
}
