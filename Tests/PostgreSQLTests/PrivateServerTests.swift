import Glibc
import PostgreSQL
import TestSupport
import Testing

@Suite struct PrivateServerTests {
    @Test func itsLife() throws {
        let directory = try TemporaryDirectory()
        let watchdog = try Watchdog(removing: directory.path)
        defer { withExtendedLifetime(watchdog) {} }
        let server = try PrivateServer(directory: directory.path)
        try server.start()
        let process = try #require(server.processIdentifier)

        // Both roles get in; only the owner may create.
        let owner = try Connection(server.databaseURL())
        try owner.executeScript("CREATE TABLE kept (value bigint); INSERT INTO kept VALUES (7)")
        let analyst = try Connection(server.analystURL())
        #expect(throws: PostgreSQLError.self) { try analyst.executeScript("CREATE SCHEMA mine") }
        #expect(throws: PostgreSQLError.self) { try analyst.execute("SELECT * FROM kept") }
        let row = try #require(try owner.execute("SHOW synchronous_commit").first)
        #expect(try row.text(0) == "on")
        for role in ["postgres", "auscult", "auscult_analyst"] {
            var status = stat()
            #expect(stat("\(server.home)/\(role).password", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }

        // Whoever opens the directory next takes the running server over.
        let successor = try PrivateServer(directory: directory.path)
        try successor.start()
        #expect(successor.processIdentifier == process)
        #expect(try successor.databaseURL() == server.databaseURL())

        // After a crash it comes back at the same place with all it had committed.
        try successor.stopImmediately()
        #expect(server.processIdentifier == nil)
        #expect(throws: PostgreSQLError.self) { try owner.execute("SELECT 1") }
        try server.start()
        #expect(server.port == successor.port)
        let again = try Connection(server.databaseURL())
        #expect(try again.execute("SELECT value FROM kept").map { try $0.int64(0) } == [7])
        try server.stop()
        #expect(server.processIdentifier == nil)
        try server.stop()
    }

    /// No shell reads a path, and none is too long for a socket, which is not there.
    @Test(arguments: ["a $HOME `id` \"b\" 'c', d; e & f", String(repeating: "long-", count: 40)])
    func directoriesOfAnyName(_ name: String) throws {
        let directory = try TemporaryDirectory()
        let watchdog = try Watchdog(removing: directory.path)
        defer { withExtendedLifetime(watchdog) {} }
        let place = "\(directory.path)/\(name)"
        #expect(mkdir(place, 0o755) == 0)
        let server = try PrivateServer(directory: place)
        try server.start()
        #expect(try Connection(server.databaseURL()).execute("SELECT 7").map { try $0.int64(0) } == [7])
        try server.stop()
        #expect(server.processIdentifier == nil)
    }

    /// Why a server did not start is what it says now, not what an earlier one has said.
    @Test func anOldLogIsNoReason() throws {
        let directory = try TemporaryDirectory()
        let watchdog = try Watchdog(removing: directory.path)
        defer { withExtendedLifetime(watchdog) {} }
        let server = try PrivateServer(directory: directory.path, settings: ["shared_buffers": "nonsense"])
        let log = open("\(server.home)/log", O_WRONLY | O_CREAT, 0o600)
        let old = Array("FATAL:  could not bind, the disk burns\n".utf8)
        #expect(write(log, old, old.count) == old.count)
        close(log)
        let error = try #require(throws: PostgreSQLError.self) { try server.start() }
        #expect(error.description.contains("shared_buffers") && !error.description.contains("burns"), "\(error)")
    }

    @Test func aMissingDirectoryIsNamed() throws {
        let error = try #require(throws: PostgreSQLError.self) { try PrivateServer(directory: "/nonexistent/place") }
        #expect(error.description.contains("/nonexistent/place"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root lends its server another account"))
    func aClosedParentIsNamed() throws {
        let directory = try TemporaryDirectory()
        let closed = "\(directory.path)/closed"
        let data = "\(closed)/data"
        #expect(mkdir(closed, 0o700) == 0)
        #expect(mkdir(data, 0o755) == 0)
        defer { for path in ["\(data)/postgres", data, closed, directory.path] { rmdir(path) } }
        let error = try #require(throws: PostgreSQLError.self) { try PrivateServer(directory: data) }
        #expect(error.description.contains("chmod o+x \(closed)"))
    }
}
