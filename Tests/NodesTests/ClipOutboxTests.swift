import Datasets
import FoundationEssentials
import Nodes
import Plant
import TestSupport
import Testing
import Wire

/// What a gateway keeps is sent as it was taken, or put aside with a reason.
@Suite struct ClipOutboxTests {
    private let path: String

    init() throws { path = try TemporaryDirectory().path + "/outbox" }

    private func clip(_ number: Int) throws -> (clip: OutgoingClip, bytes: [UInt8]) {
        let bytes = [UInt8](repeating: UInt8(number), count: 100 + number)
        let clip = OutgoingClip(
            try ClipFile(FilePath("/watched/\(number).wav"), format: .audio, changedAt: 7),
            machine: try #require(MachineName("fan/id_0\(number)")), site: "north", key: nil, recordedAt: 7,
            bytes: bytes, channel: 0)
        return (clip, bytes)
    }

    private func fill(_ count: Int) throws {
        let outbox = try ClipOutbox(path)
        for number in 1...count {
            let (clip, bytes) = try clip(number)
            try outbox.store(clip, bytes: bytes)
        }
    }

    private func change(_ name: String, _ change: (inout Data) -> Void) throws {
        let file = URL(filePath: "\(path)/\(name)")
        var bytes = try Data(contentsOf: file)
        change(&bytes)
        try bytes.write(to: file)
    }

    /// The numbers of sound clips, and of those that are not.
    private func entries() throws -> [[Int64]] {
        var (sound, damaged): ([Int64], [Int64]) = ([], [])
        for entry in try ClipOutbox(path).entries(after: 0, limit: 99) {
            switch entry {
            case .damaged(let number, _, let error):
                #expect(error.code == .damaged)
                damaged.append(number)
            case .clip(let item):
                let original = try clip(Int(item.number))
                do throws(WireError) {
                    let bytes = try item.clip.bytes()
                    #expect(bytes == original.bytes && item.clip.machine == original.clip.machine)
                    sound.append(item.number)
                } catch {
                    damaged.append(item.number)
                }
            }
        }
        return [sound, damaged]
    }

    /// Every byte of a description, and some of a clip.
    @Test func noFlippedBitIsSent() throws {
        try fill(2)
        let description = try Data(contentsOf: URL(filePath: "\(path)/000000000001.json"))
        for byte in description.indices {
            try change("000000000001.json") { $0[byte] ^= 1 << (byte % 7) }
            // JSON has bytes that mean nothing, such as the case of an escape.
            #expect([[[2], [1]], [[1, 2], []]].contains(try entries()), "byte \(byte)")
            try description.write(to: URL(filePath: "\(path)/000000000001.json"))
        }
        for byte in [0, 50, 100] {
            try change("000000000001.clip") { $0[byte] ^= 1 }
            #expect(try entries() == [[2], [1]])
            try change("000000000001.clip") { $0[byte] ^= 1 }
        }
        try change("000000000001.clip") { $0.removeLast() }
        #expect(try entries() == [[2], [1]])
    }

    @Test func whatIsDamagedIsPutAsideAndTheOthersGoOn() throws {
        try fill(3)
        try change("000000000001.json") { $0[20] ^= 1 }
        try FileManager.default.removeItem(atPath: "\(path)/000000000002.json")
        let outbox = try ClipOutbox(path)
        for entry in try outbox.entries(after: 0, limit: 99) {
            if case .damaged(let number, _, let error) = entry {
                try outbox.setAside(number, named: "clip", error)
            }
        }
        #expect(try outbox.entries(after: 0, limit: 99).map(\.number) == [3])
        let aside = try FileManager.default.contentsOfDirectory(atPath: "\(path)/rejected").sorted()
        #expect(
            aside == [
                "000000000001.clip", "000000000001.clip.json", "000000000001.clip.reason.txt", "000000000002.clip",
                "000000000002.clip.reason.txt",
            ])
        #expect(try Data(contentsOf: URL(filePath: "\(path)/rejected/000000000001.clip")) == Data(clip(1).bytes))
    }

    /// Names near the largest number, and files that only look like clips.
    @Test func strangersAreLeftAlone() throws {
        try fill(1)
        let strangers = [
            "5.json", "9223372036854775807.json", "9223372036854775807.clip", "-00000000001.json", "0000000000005.json",
            "000000000000.json", "+00000000001.clip", "notes.txt",
        ]
        for name in strangers { try Data("mine".utf8).write(to: URL(filePath: "\(path)/\(name)")) }
        let outbox = try ClipOutbox(path)
        let (clip, bytes) = try clip(2)
        try outbox.store(clip, bytes: bytes)
        #expect(try outbox.entries(after: 0, limit: 99).map(\.number) == [1, 2])
        for name in strangers { #expect(FileManager.default.fileExists(atPath: "\(path)/\(name)"), "\(name)") }
    }

    /// The last number there can be is taken: nothing traps, and a person is told.
    @Test func afterTheLastNumberAPersonIsTold() throws {
        try fill(1)
        try Data().write(to: URL(filePath: "\(path)/999999999999.json"))
        let outbox = try ClipOutbox(path)
        let (clip, bytes) = try clip(2)
        #expect(throws: (any Error).self) { try outbox.store(clip, bytes: bytes) }
        #expect(try outbox.entries(after: 1, limit: 9).map(\.number) == [999_999_999_999])
        #expect(try outbox.entries(after: .max, limit: 9).isEmpty)
    }
}
