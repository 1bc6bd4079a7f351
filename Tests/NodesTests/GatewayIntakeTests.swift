import Datasets
import FoundationEssentials
import Glibc
import Messaging
import Nodes
import Plant
import Synchronization
import Testing

/// A watched folder as recorders use it: every file is taken once, when it is finished, and whole.
@Suite final class GatewayIntakeTests {
    private final class Heard: Sendable {
        let rejected = Mutex<[String]>([])
        let troubles = Mutex<[String]>([])
    }

    private let directory = FileManager.default.temporaryDirectory.appending(path: "intake-\(UUID().uuidString)").path
    private let heard = Heard()
    private let stopping: WakeSignal
    /// Nil while nobody runs.
    private var gateway: (outbox: ClipOutbox, intake: GatewayIntake)?
    private var now: Int64 = 1_000

    private var watched: String { "\(directory)/watched" }

    init() throws {
        try FileManager.default.createDirectory(atPath: "\(directory)/watched", withIntermediateDirectories: true)
        stopping = try WakeSignal()
        gateway = try Self.open("\(directory)/watched", outbox: "\(directory)/outbox", stopping, heard)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: directory) } catch { Issue.record("cannot tidy up: \(error)") }
    }

    private static func open(
        _ watched: String, outbox path: String, _ stopping: WakeSignal, _ heard: Heard
    ) throws -> (outbox: ClipOutbox, intake: GatewayIntake) {
        let outbox = try ClipOutbox(path)
        let configuration = GatewayNode.Configuration(
            name: "gateway", endpoints: [], watched: watched, outbox: path,
            preparation: ClipPreparation(machine: "fan/id_00", site: "line"), settleMilliseconds: 2_000)
        let intake = try GatewayIntake(
            configuration, outbox, stopping,
            { report in heard.rejected.withLock { $0.append(report.source.text) } },
            { sentence, _ in heard.troubles.withLock { $0.append(sentence) } })
        return (outbox, intake)
    }

    /// A new gateway over the same folders, as after a crash.
    private func restart(watching folder: String? = nil) throws {
        gateway = nil
        gateway = try Self.open(folder ?? watched, outbox: "\(directory)/outbox", stopping, heard)
    }

    /// Half a second of a tone, told apart by a number.
    private static func wave(_ number: Int, samples: Int = 16_000) -> [UInt8] {
        var bytes = Array("RIFF".utf8)
        func append(_ value: Int, _ count: Int) {
            for place in 0..<count { bytes.append(UInt8(value >> (8 * place) & 255)) }
        }
        append(36 + 2 * samples, 4)
        bytes += Array("WAVEfmt ".utf8)
        for (value, count) in [(16, 4), (1, 2), (1, 2), (16_000, 4), (32_000, 4), (2, 2), (16, 2)] {
            append(value, count)
        }
        bytes += Array("data".utf8)
        append(2 * samples, 4)
        for index in 0..<samples { append((index * (37 + number) % 1_000) * 20, 2) }
        return bytes
    }

    private func write(_ bytes: [UInt8], _ name: String, in folder: String? = nil) throws {
        try write(bytes, Array(name.utf8), in: folder)
    }

    private func write(_ bytes: [UInt8], _ name: [UInt8], in folder: String? = nil) throws {
        let path = FilePath(folder ?? watched).appending(FilePath(bytes: name))
        let file = path.withCString { Glibc.open($0, O_CREAT | O_WRONLY | O_TRUNC, 0o600) }
        try #require(file >= 0, "\(path): \(errno)")
        #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
        close(file)
    }

    /// Looks until nothing is moved any more, after so many milliseconds.
    private func look(after milliseconds: Int64 = 2_000) {
        now += milliseconds
        while gateway?.intake.look(now: now, {}) == true {}
    }

    private func stored() throws -> [OutgoingClip] {
        try #require(gateway).outbox.entries(after: 0, limit: 100).compactMap { entry in
            if case .clip(let item) = entry { item.clip } else { nil }
        }
    }

    private func left(in folder: String? = nil) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder ?? watched).sorted()
    }

    @Test func aFileIsTakenWhenItHasSettled() throws {
        let bytes = Self.wave(1)
        try write(Array(bytes.prefix(9_000)), "a.wav")
        look()
        look(after: 1_000)
        try write(bytes, "a.wav")
        look(after: 1_000)
        look(after: 1_999)
        #expect(try stored().isEmpty)
        look(after: 1)
        #expect(try stored().map(\.sha256) == [ContentHash(of: bytes)])
        #expect(try left().isEmpty)
    }

    /// However long a recorder pauses, and whoever else closes the file meanwhile.
    @Test func aFileThatSomebodyWritesIsNotFinished() throws {
        let bytes = Self.wave(2)
        let path = "\(watched)/slow.wav"
        let file = Glibc.open(path, O_CREAT | O_WRONLY, 0o600)
        #expect(Glibc.write(file, bytes, 20_000) == 20_000)
        look()
        look(after: 30_000)
        close(Glibc.open(path, O_RDWR))
        look(after: 20_000)
        #expect(try stored().isEmpty && left() == ["slow.wav"])
        look(after: 60_000)
        #expect(heard.troubles.withLock { $0.count } == 1)
        bytes.withUnsafeBytes { _ = Glibc.write(file, $0.baseAddress.map { $0 + 20_000 }, bytes.count - 20_000) }
        close(file)
        look()
        look()
        #expect(try stored().map(\.sha256) == [ContentHash(of: bytes)])
    }

    /// What is put under the name of a file that was taken is another file.
    @Test func aReplacedFileIsAnotherClip() throws {
        try write(Self.wave(3), "a.wav")
        look()
        now += 2_000
        // The first look moves it out of the folder; the recorder puts the next one there before it is worked on.
        #expect(gateway?.intake.look(now: now, {}) == true)
        try write(Self.wave(4), "a.wav")
        look(after: 0)
        look()
        look()
        #expect(try stored().map(\.sha256) == [3, 4].map { ContentHash(of: Self.wave($0)) })
        #expect(try stored().map(\.name) == ["a.wav", "a.wav"])
    }

    @Test func clocksOfSharesDoNotMatter() throws {
        for (number, seconds) in [-1_000_000, 0, 4_300_000_000].enumerated() {
            try write(Self.wave(number), "\(number).wav")
            let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, "\(watched)/\(number).wav", times, 0) == 0)
        }
        look()
        #expect(try stored().isEmpty)
        look()
        #expect(try stored().count == 3)
    }

    @Test func namesOfEveryKind() throws {
        let long = String(repeating: "n", count: 251) + ".wav"
        try write(Self.wave(1), [0x66, 0xE9] + Array(".wav".utf8))
        try write(Self.wave(2), "two\nlines.wav")
        try write(Self.wave(3), long)
        try write(Array("no sound".utf8), String(repeating: "r", count: 251) + ".wav")
        look()
        look()
        #expect(try stored().count == 3)
        #expect(try stored().allSatisfy { $0.name.utf8.count <= 256 && !$0.name.contains("\n") })
        #expect(try left().isEmpty)
        let aside = try left(in: "\(directory)/outbox/rejected")
        #expect(aside.count == 2 && aside[1] == "\(aside[0]).reason.txt")
        #expect(heard.rejected.withLock { $0.count } == 1)
    }

    @Test func aBadEntryIsToldOnceAndStopsNobody() throws {
        symlink("/etc/hostname", "\(watched)/link.wav")
        mkfifo("\(watched)/pipe.wav", 0o600)
        mkdir("\(watched)/folder.wav", 0o700)
        try write(Self.wave(5), "good.wav")
        for _ in 0..<5 { look() }
        #expect(try stored().map(\.name) == ["good.wav"])
        #expect(heard.troubles.withLock { $0.count } == 2, "\(heard.troubles.withLock { $0 })")
        #expect(try left() == ["folder.wav", "link.wav", "pipe.wav"])
    }

    @Test func aFolderThatVanishesComesBack() throws {
        #expect(rename(watched, "\(directory)/away") == 0)
        look()
        look()
        #expect(heard.troubles.withLock { $0.count } == 1)
        #expect(rename("\(directory)/away", watched) == 0)
        try write(Self.wave(6), "a.wav")
        look()
        look()
        #expect(try stored().count == 1)
    }

    /// What was taken and not stored is taken up again, with the name and the time it had.
    @Test func aGatewayThatDiedGoesOn() throws {
        mkdir("\(watched)/line", 0o700)
        try write(Self.wave(7), "line/a.wav")
        let changed = try FileLook(FilePath("\(watched)/line/a.wav"), followingLinks: false).changedAt
        look()
        now += 2_000
        #expect(gateway?.intake.look(now: now, {}) == true)
        #expect(try stored().isEmpty && left(in: "\(watched)/line").isEmpty)
        try restart()
        look()
        look()
        let clip = try #require(try stored().first)
        #expect(clip.source.text == "\(watched)/line/a.wav" && clip.recordedAt == changed)
        #expect(try left(in: "\(directory)/outbox/.taken").isEmpty)
    }

    @Test func theOutboxMayLieInTheWatchedFolder() throws {
        try restart(watching: directory)
        try write(Array("no sound".utf8), "bad.wav")
        try write(Self.wave(8), "good.wav")
        for _ in 0..<5 { look() }
        #expect(try stored().count == 1)
        #expect(heard.rejected.withLock { $0 } == ["\(directory)/watched/bad.wav"])
        #expect(throws: FileTrouble.self) { try restart(watching: "\(directory)/outbox/rejected") }
    }

    /// A share cannot be renamed out of: the copy is whole before the original goes.
    @Test func filesOfAnotherFileSystem() throws {
        let share = "/dev/shm/intake-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: share, withIntermediateDirectories: true)
        defer { rmdir(share) }
        try restart(watching: share)
        try write(Self.wave(9), "a.wav", in: share)
        let changed = try FileLook(FilePath("\(share)/a.wav"), followingLinks: false).changedAt
        for _ in 0..<4 { look() }
        #expect(try stored().map(\.recordedAt) == [changed])
        #expect(try left(in: share).isEmpty)
    }
}
