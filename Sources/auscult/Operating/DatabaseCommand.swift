import ArgumentParser
import Files
import Glibc
import Ledger
import Nodes
import PostgreSQL

/// `auscult db`: the database and its schema.
struct DatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db",
        abstract:
            "Sets up the database and its schema, says where it is and how long clips are kept, and finds damage.",
        subcommands: [
            DatabaseInit.self, DatabaseMigrate.self, DatabaseStatus.self, DatabaseAddress.self, DatabaseRetention.self,
            DatabaseScrub.self, DatabaseGrant.self, DatabaseRevoke.self,
        ])
}

struct DatabaseInit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes a database ready for use: a private server under a directory, or one that runs already.",
        discussion: """
            With --data a private PostgreSQL server is set up under the directory; 'auscult up' would do the same at \
            its first start. With --database the schema goes into the database at that URL. What is there already \
            stays.

            Example: auscult db init --data /var/lib/auscult
                     auscult db init --database postgresql://auscult:secret@db.plant.example/auscult
            """)

    @Option(help: "The directory of 'auscult up'; it is created when missing.")
    var data: String?

    @OptionGroup var target: DatabaseTarget

    func validate() throws {
        if data != nil && target.database != nil { throw ValidationError("Give --data or --database, not both.") }
    }

    func run() throws {
        guard let data else { return try DatabaseMigrate.migrate(target.url(), json: target.json) }
        _ = try Folder(data, isPassable: geteuid() == 0)
        let server = try PrivateServer(directory: data)
        let wasRunning = server.processIdentifier != nil
        try server.start()
        try DatabaseMigrate.migrate(server.databaseURL(), json: target.json)
        // A server that somebody else started is somebody else's to stop.
        if !wasRunning { try server.stop() }
    }
}

struct DatabaseMigrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the schema to the version of this program.",
        discussion: """
            All steps that are missing are applied in one transaction. Services refuse a database whose schema is not \
            theirs.

            Example: auscult db migrate --database "$AUSCULT_DATABASE"
            """)

    @OptionGroup var target: DatabaseTarget

    func run() throws { try Self.migrate(target.url(), json: target.json) }

    static func migrate(_ url: String, json: Bool) throws {
        DatabaseTarget.warn(ofExposed: url)
        let migrator = try Migrator(url, applicationName: "auscult db")
        let applied = try migrator.migrate()
        let version = try migrator.status().applied.last ?? 0
        if json {
            try Console.json(Report(schemaVersion: version, applied: applied.map(\.version)))
        } else if applied.isEmpty {
            Console.line("schema \(version): up to date")
        } else {
            for step in applied { Console.line("applied \(step.version) \(step.name)") }
        }
    }

    private struct Report: Encodable {
        let schemaVersion: Int
        let applied: [Int]
    }
}

struct DatabaseStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says whether the database answers and has the schema of this program.",
        discussion: """
            Exit code 0: ready; 1: the schema is incomplete, newer or different; 3: the database cannot be reached.

            Example: auscult db status --json
            """)

    @OptionGroup var target: DatabaseTarget

    func run() throws {
        let migrator = try Migrator(target.url(), applicationName: "auscult db")
        let status = try migrator.status()
        if target.json {
            try Console.json(
                Report(
                    place: migrator.place, schemaVersion: status.applied.last ?? 0,
                    missing: status.missing.map(\.version)))
        } else {
            let missing = status.missing.map { "\($0.version) (\($0.name))" }.joined(separator: ", ")
            Console.line(
                "\(migrator.place): schema \(status.applied.last ?? 0)"
                    + (missing.isEmpty ? ", up to date" : ", missing \(missing): run 'auscult db migrate'"))
        }
        if !status.missing.isEmpty { throw ExitCode.failure }
    }

    private struct Report: Encodable {
        let place: String
        let schemaVersion: Int
        let missing: [Int]
    }
}

struct DatabaseAddress: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "url",
        abstract: "Prints the URL of the database, password included, for psql and other clients.",
        discussion: """
            Example: psql "$(auscult db url --role analyst)" -c 'TABLE queue_now'
            """)

    enum Role: String, ExpressibleByArgument, CaseIterable { case owner, `operator`, analyst }

    @Option(
        help: """
            Whose URL: the owner's; the operator's, who gives orders by SQL; or the analyst's, who reads the views and \
            nothing else.
            """)
    var role = Role.owner

    @OptionGroup var target: DatabaseTarget

    func run() throws {
        let url =
            switch role {
            case .owner: try target.url()
            case .operator: try target.url(of: "operator", \.operatorURL)
            case .analyst: try target.url(of: "analyst", \.analystURL)
            }
        if target.json { try Console.json(["url": url]) } else { Console.line(url) }
    }
}

/// How the commands of `auscult db` are told which database.
struct DatabaseTarget: ParsableArguments {
    @Option(help: "The database's URL; AUSCULT_DATABASE or AUSCULT_DATA name it otherwise.")
    var database: String?

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func url() throws -> String { try ClusterAddress.databaseURL(argument: database) }

    static func warn(ofExposed url: String) {
        guard Connection.isExposed(url) else { return }
        Console.note(
            "the connection to the database may go through a network unencrypted: add ?sslmode=verify-full (or require) to "
                + "its URL")
    }

    func url(of role: String, _ url: KeyPath<ClusterAddress, String?>) throws -> String {
        guard let directory = ProcessEnvironment["AUSCULT_DATA"],
            let url = try ClusterAddress.read(from: directory)[keyPath: url]
        else {
            throw CommandFailure(
                "the \(role)'s URL is known only where 'auscult up' runs its own database: set AUSCULT_DATA to its "
                    + "directory; elsewhere the administrator gives auscult_\(role) a password (ALTER ROLE)")
        }
        return url
    }
}
