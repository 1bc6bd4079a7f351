private import Glibc
private import PostgreSQL
private import Synchronization

/// The database server of this test process; it starts when the first test wants a database.
///
/// It lives in a temporary directory under the eye of a watchdog, so it ends with the process.
final class TestServer: Sendable {
    static let shared = Result { try TestServer() }

    /// Everything up to the name of the database.
    private let ownerAddress: String
    private let analystAddress: String
    private let administratorURL: String
    /// Ends with this process, and the server with it.
    private let watchdog: Watchdog
    private let count = Atomic<Int>(0)
    /// Templates that are ready. Held while one is being made, so that nobody copies half of it.
    private let templates = Mutex<Set<String>>([])

    private init() throws {
        let directory = try TemporaryDirectory()
        watchdog = try Watchdog(removing: directory.path)
        // Nothing here has to survive a crash of the machine, so nothing waits for the disk.
        let server = try PrivateServer(
            directory: directory.path, settings: ["fsync": "off", "shared_buffers": "32MB", "max_wal_size": "256MB"])
        try server.start()
        ownerAddress = try server.url(role: PrivateServer.owner, database: "")
        administratorURL = try server.url(role: PrivateServer.administrator, database: "postgres")
        analystAddress = try server.url(role: PrivateServer.analyst, database: "")
    }

    func newDatabase(copying template: String? = nil) throws -> PrivateDatabase {
        let number = count.add(1, ordering: .relaxed).newValue
        return try makeDatabase("test_\(number)", copying: template)
    }

    func makeTemplate(_ name: String, _ prepare: (String) throws -> Void) throws {
        try templates.withLock { ready in
            guard !ready.contains(name) else { return }
            try prepare(makeDatabase(name).url)
            ready.insert(name)
        }
    }

    private func makeDatabase(_ name: String, copying template: String? = nil) throws -> PrivateDatabase {
        let administrator = try Connection(administratorURL, applicationName: "tests")
        let source = template.map { " TEMPLATE \($0)" } ?? ""
        // A template must have no guests; the server itself waits five seconds for those that are leaving.
        try administrator.execute("CREATE DATABASE \(name) OWNER \(PrivateServer.owner)\(source)")
        return PrivateDatabase(
            url: ownerAddress + name, analystURL: analystAddress + name, name: name, administratorURL: administratorURL)
    }
}
