import Foundation
import Ledger
import Plant
import PostgreSQL
import TestSupport
import Testing

/// A ledger behind pgbouncer, where it is installed.
@Suite(.enabled(if: access(Pooler.program, X_OK) == 0)) struct PoolerTests {
    private func database() throws -> PrivateDatabase {
        try PrivateDatabase(copyOf: "auscult_ledger") { url in _ = try Migrator(Connection(url)).migrate() }
    }

    @Test func poolingOfTransactionsIsRefusedWithASentence() throws {
        let pooler = try Pooler(mode: "transaction", of: database())
        defer { pooler.stop() }
        let errors = try [
            #require(throws: LedgerError.self) { try PostgreSQLLedger(pooler.url).connect() },
            #require(throws: LedgerError.self) { try PostgreSQLLeaderLock(pooler.url).hold() },
        ]
        #expect(errors.allSatisfy { $0.code == .unfit && $0.description.contains("pool_mode = session") })
        #expect(try #require(throws: PostgreSQLError.self) { try Migrator(pooler.url) }.code == .pooled)
    }

    @Test func poolingOfSessionsIsAsGoodAsNone() throws {
        let pooler = try Pooler(mode: "session", of: database())
        defer { pooler.stop() }
        let ledger = PostgreSQLLedger(pooler.url)
        let epoch = try ledger.openEpoch(holder: "broker")
        let job = try ledger.accept([Samples.clip("a")], epoch: epoch)[0].job
        try ledger.record([Samples.result(job)], epoch: epoch)
        #expect(try PostgreSQLLeaderLock(pooler.url).hold())
    }
}

/// A pgbouncer of the test's own.
private struct Pooler {
    static let program = "/usr/sbin/pgbouncer"

    let url: String
    private let process: Process
    private let directory: TemporaryDirectory

    init(mode: String, of database: PrivateDatabase) throws {
        directory = try TemporaryDirectory()
        let server = try #require(URLComponents(string: database.url))
        let port = try Self.freePort()
        let settings = """
            [databases]
            pooled = host=127.0.0.1 port=\(server.port ?? 0) dbname=\(database.name) user=\(server.user ?? "") \
            password=\(server.password ?? "")
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = any
            pool_mode = \(mode)
            """
        let file = "\(directory.path)/pgbouncer.ini"
        try settings.write(toFile: file, atomically: true, encoding: .utf8)
        chmod(directory.path, 0o755)
        process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = geteuid() == 0 ? ["-q", "-u", "nobody", file] : ["-q", file]
        process.standardError = FileHandle.nullDevice
        try process.run()
        url = "postgresql://auscult@127.0.0.1:\(port)/pooled"
        let deadline = ContinuousClock.now + .seconds(20)
        while (try? Connection(url)) == nil {
            try #require(ContinuousClock.now < deadline && process.isRunning, "pgbouncer does not answer")
        }
    }

    /// For good: other tests of this process may have blocked the signals that ask.
    func stop() { kill(process.processIdentifier, SIGKILL) }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        try #require(found)
        return UInt16(bigEndian: address.sin_port)
    }
}
