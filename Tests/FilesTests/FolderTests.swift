import Files
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Folders and files of ours, and who else may touch them.
@Suite struct FolderTests {
    private let path: String

    init() throws { path = try TemporaryDirectory().path }

    private func mode(_ name: String) throws -> mode_t {
        var status = stat()
        try #require(lstat("\(path)/\(name)", &status) == 0)
        return status.st_mode & 0o777
    }

    @Test func whatIsMadeIsOursAlone() throws {
        let folder = try Folder("\(path)/a/b/c")
        try folder.write([1, 2, 3], as: "whole")
        try folder.open("appended", .append).write([1])
        try folder.open("made", .create).write([1], at: 4)
        for name in ["a", "a/b", "a/b/c"] { #expect(try mode(name) == 0o700) }
        for name in ["whole", "appended", "made"] { #expect(try mode("a/b/c/\(name)") == 0o600) }
        #expect(try folder.names() == ["appended", "made", "whole"])
        #expect(try folder.open("made", .read).contents() == [0, 0, 0, 0, 1])
    }

    @Test func aFolderThatOthersCouldEnterIsClosedToThem() throws {
        mkdir("\(path)/open", 0o777)
        chmod("\(path)/open", 0o777)
        _ = try Folder("\(path)/open")
        #expect(try mode("open") == 0o700)
        _ = try Folder("\(path)/open", isPassable: true)
        #expect(try mode("open") == 0o711)
    }

    /// A file that others could read was made before, or by other means.
    @Test func aFileThatOthersCouldReadIsClosedWhenItIsWritten() throws {
        let folder = try Folder("\(path)/folder")
        close(open("\(path)/folder/journal", O_CREAT | O_WRONLY, 0o644))
        chmod("\(path)/folder/journal", 0o666)
        try folder.open("journal", .append).write([1])
        #expect(try mode("folder/journal") == 0o600)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder away")) func anothersFolderIsNotUsed() throws {
        mkdir("\(path)/theirs", 0o700)
        chown("\(path)/theirs", 65_534, 65_534)
        #expect(throws: FileError.self) { try Folder("\(path)/theirs") }
        symlink("\(path)/ours", "\(path)/link")
        mkdir("\(path)/ours", 0o700)
        _ = try Folder("\(path)/link")
        lchown("\(path)/link", 65_534, 65_534)
        #expect(throws: FileError.self) { try Folder("\(path)/link") }
    }

    @Test(arguments: [OpenFile.Access.read, .change, .append, .replace, .create])
    func noLinkIsFollowed(_ access: OpenFile.Access) throws {
        let folder = try Folder("\(path)/folder")
        let target = "\(path)/target"
        try Data("secret".utf8).write(to: URL(filePath: target))
        symlink(target, "\(path)/folder/name")
        #expect(throws: FileError.self) { try folder.open("name", access) }
        #expect(try Data(contentsOf: URL(filePath: target)) == Data("secret".utf8))
        #expect(folder.glance(at: "name") == nil)
        #expect(try OpenFile("\(path)/folder/name", .read, followsLink: true).contents() == Array("secret".utf8))
    }

    /// A link in place of a file that is written whole is replaced, and its target left alone.
    @Test func aWrittenFileReplacesALink() throws {
        let folder = try Folder("\(path)/folder")
        try Data("secret".utf8).write(to: URL(filePath: "\(path)/target"))
        symlink("\(path)/target", "\(path)/folder/name")
        try folder.write([7], as: "name")
        #expect(try folder.open("name", .read).contents() == [7])
        #expect(try Data(contentsOf: URL(filePath: "\(path)/target")) == Data("secret".utf8))
        symlink("\(path)/target", "\(path)/folder/.other.part")
        #expect(throws: FileError.self) { try folder.write([7], as: "other") }
        #expect(try Data(contentsOf: URL(filePath: "\(path)/target")) == Data("secret".utf8))
    }

    /// Whoever opened a pipe would wait for ever.
    @Test func onlyFilesAreOpened() throws {
        let folder = try Folder("\(path)/folder")
        mkfifo("\(path)/folder/pipe", 0o600)
        mkdir("\(path)/folder/inner", 0o700)
        for name in ["pipe", "inner"] { #expect(throws: FileError.self) { try folder.open(name, .read) } }
    }

    /// What is in an open folder stays what it is, whatever becomes of the path.
    @Test func anOpenFolderIsNotExchanged() throws {
        let folder = try Folder("\(path)/folder")
        try folder.write([1], as: "ours")
        rename("\(path)/folder", "\(path)/moved")
        symlink("/etc", "\(path)/folder")
        #expect(try folder.names() == ["ours"])
        try folder.write([2], as: "more")
        #expect(FileManager.default.fileExists(atPath: "\(path)/moved/more"))
    }
}
