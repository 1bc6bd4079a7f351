import Datasets
import Glibc
import Testing

/// Folders as recorders, servers and people leave them.
@Suite struct FolderWalkTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var root: FilePath { FilePath(folder.path) }

    private func names(_ links: FolderWalk.Links = .followed) -> [String] {
        FolderWalk(root, links: links).files.map(\.relative.description)
    }

    private func write(_ name: [UInt8]) throws {
        let file = root.appending(FilePath(bytes: name)).withCString { open($0, O_CREAT | O_WRONLY, 0o600) }
        try #require(file >= 0)
        close(file)
    }

    @Test func whatSystemsKeepForThemselvesIsNoClip() throws {
        for name in [
            "fan/a.wav", "fan/b.FLAC", "c.npy", "._a.wav", ".DS_Store", "fan/.hidden/a.wav", "lost+found/a.wav",
            "@eaDir/a.wav", "a.wav.part", "notes.txt",
        ] {
            try folder.write([1], to: name)
        }
        #expect(names() == ["c.npy", "fan/a.wav", "fan/b.FLAC"])
        #expect(FolderWalk(root, links: .refused).troubles.isEmpty)
    }

    /// A folder may be called as it likes, and a pipe of a clip's name must not make anybody wait.
    @Test func namesPromiseNothing() throws {
        try folder.write([1], to: "x.wav/y.wav")
        mkfifo("\(folder.path)/pipe.wav", 0o600)
        let walk = FolderWalk(root, links: .refused)
        #expect(walk.files.map(\.relative.text) == ["x.wav/y.wav"])
        #expect(walk.troubles.map(\.code) == [.notRegular])
        #expect(throws: FileTrouble.self) { try ForeignFile(root.appending("pipe.wav"), followingLinks: true).bytes() }
    }

    @Test func namesNeedNotBeText() throws {
        try write([0x66, 0xE9, 0x6E] + Array(".wav".utf8))
        try write(Array("two\nlines.wav".utf8))
        try write(Array(String(repeating: "n", count: 251).utf8) + Array(".wav".utf8))
        let walk = FolderWalk(root, links: .refused)
        #expect(walk.files.count == 3 && walk.troubles.isEmpty)
        #expect(walk.files[0].relative.text == "f\\xE9n.wav")
        #expect(walk.files[2].relative.text == "two\nlines.wav")
        #expect(walk.files[2].relative.description == "two\\nlines.wav")
        for file in walk.files { #expect(try ForeignFile(file.path, followingLinks: false).bytes().isEmpty) }
    }

    @Test func linksAreFollowedOnceOrNamed() throws {
        try folder.write([1], to: "a/a.wav")
        symlink("..", "\(folder.path)/a/up")
        symlink("a/a.wav", "\(folder.path)/link.wav")
        symlink("nowhere", "\(folder.path)/broken.wav")
        symlink("nowhere", "\(folder.path)/broken")
        let followed = FolderWalk(root, links: .followed)
        #expect(followed.files.map(\.relative.text) == ["a/a.wav", "link.wav"])
        #expect(followed.troubles.map(\.path.name.text) == ["broken.wav"])
        let refused = FolderWalk(root, links: .refused)
        #expect(refused.files.map(\.relative.text) == ["a/a.wav"])
        #expect(Set(refused.troubles.map(\.path.name.text)) == ["broken.wav", "link.wav", "up"])
        #expect(throws: FileTrouble.self) { try ForeignFile(root.appending("link.wav"), followingLinks: false).bytes() }
    }

    @Test func aFolderThatIsGoneIsATroubleAndOneThatIsExcludedIsNot() throws {
        try folder.write([1], to: "outbox/a.wav")
        let outbox = try FileLook(root.appending("outbox"), followingLinks: false).identity
        #expect(FolderWalk(root, links: .refused, excluding: [outbox]).files.isEmpty)
        let gone = FolderWalk(root.appending("gone"), links: .refused)
        #expect(gone.files.isEmpty && gone.troubles.map(\.code) == [.absent])
    }

    /// Times that no recorder means, and that no arithmetic may trip over; some file systems keep none so far away.
    @Test(arguments: [-86_400, 0, 4_294_967_296, 253_402_300_800, Int.max / 2]) func timesOfAnyYear(_ seconds: Int)
        throws
    {
        try folder.write([1], to: "a.wav")
        let times = [timespec(tv_sec: seconds, tv_nsec: 5_000), timespec(tv_sec: seconds, tv_nsec: 5_000)]
        var status = stat()
        #expect(utimensat(AT_FDCWD, "\(folder.path)/a.wav", times, 0) == 0)
        #expect(stat("\(folder.path)/a.wav", &status) == 0)
        let changed = try #require(FolderWalk(root, links: .refused).files.first).look.changedAt
        let (kept, isBeyond) = Int64(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000)
        #expect(changed == (isBeyond ? .max : kept + Int64(status.st_mtim.tv_nsec / 1_000)))
    }

    @Test func parentsOfAPath() {
        #expect(FilePath("/a/./b/../c.wav").parents.map(\.text) == ["/a", "/"])
        #expect(FilePath("c.wav").parents.count > 1)
        #expect(FilePath("a").appending("b/c.wav").name == FilePath("c.wav"))
    }
}
