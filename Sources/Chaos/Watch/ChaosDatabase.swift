internal import FoundationEssentials
internal import Glibc
internal import PostgreSQL

/// A database server that is locked, made read-only, restarted, and whose clock jumps.
final class ChaosDatabase {
    private static let clockLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"

    private let server: PrivateServer
    /// What libfaketime adds to the time of day.
    private let clock: String
    let canJump: Bool

    /// - Parameter directory: an empty one that everybody may pass through.
    init(directory: String) throws {
        clock = "\(directory)/clock"
        canJump = access(Self.clockLibrary, R_OK) == 0
        try Data("+0\n".utf8).write(to: URL(filePath: clock))
        chmod(clock, 0o644)
        // Only the time of day: what waits, waits as long as ever.
        let environment = [
            "LD_PRELOAD": Self.clockLibrary, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
        ]
        server = try PrivateServer(directory: directory, environment: canJump ? environment : [:])
        try server.start()
    }

    var url: String { get throws { try server.databaseURL() } }

    /// Sets the clock off by so many days.
    func jump(days: Int) throws { try Data("\(days < 0 ? "" : "+")\(days)d\n".utf8).write(to: URL(filePath: clock)) }

    /// Holds the table of clips while the body runs.
    func lock(_ body: () -> Void) throws {
        let connection = try Connection(administratorURL)
        try connection.executeScript("BEGIN; LOCK TABLE auscult.clip IN ACCESS EXCLUSIVE MODE")
        body()
        try connection.executeScript("ROLLBACK")
    }

    /// Accepts no writes while the body runs.
    func readOnly(_ body: () -> Void) throws {
        let connection = try Connection(administratorURL)
        try connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        try connection.execute("SELECT pg_reload_conf()")
        body()
        try connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        try connection.execute("SELECT pg_reload_conf()")
    }

    /// - Parameter body: runs while there is no server.
    func restart(asACrash: Bool, _ body: () -> Void) throws {
        let port = server.port
        if asACrash { try server.stopImmediately() } else { try server.stop() }
        body()
        try server.start(at: port)
    }

    func stop() throws { try server.stop() }

    private var administratorURL: String {
        get throws { try server.url(role: "postgres", database: PrivateServer.database) }
    }
}
