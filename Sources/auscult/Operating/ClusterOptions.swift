import ArgumentParser
import Ledger
import Messaging
import Nodes
import Plant

/// How a command finds the database of a running cluster.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The cluster's database.", discussion: "Otherwise AUSCULT_DATABASE, or AUSCULT_DATA of 'auscult up'.",
            valueName: "url"))
    var database: String?

    func url() throws -> String {
        do {
            return try ClusterAddress.databaseURL(argument: database)
        } catch {
            throw CommandFailure(error.description, status: .unreachable)
        }
    }

    func ledger() throws -> PostgreSQLLedger { PostgreSQLLedger(try url(), author: Author.name) }
}

/// How a command finds the broker of a running cluster.
struct BrokerOptions: ParsableArguments {
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp(
            "The broker's endpoint; with a standby both, separated by a comma.",
            discussion: "Otherwise AUSCULT_BROKER, or AUSCULT_DATA of 'auscult up'.", valueName: "endpoint"))
    var endpoint: String?

    @Option(
        help: ArgumentHelp(
            "The file of our CURVE keys.",
            discussion: "Otherwise AUSCULT_KEYS, or the keys in AUSCULT_DATA of a secure 'auscult up'.",
            valueName: "file"))
    var keys: String?

    /// The broker's, and the standby's if there is one.
    func endpoints() throws -> [Endpoint] {
        do {
            let endpoints = try ClusterAddress.endpoints(argument: endpoint)
            guard !endpoints.isEmpty else { throw ValidationError("--to needs an endpoint, such as ipc://PATH") }
            return try endpoints.map { try Endpoint($0) }
        } catch let error as ClusterAddressError {
            throw CommandFailure(error.description, status: .unreachable)
        }
    }

    /// How the connection to the broker is protected; plain only where nobody else can reach it.
    func security(for role: Principal.Role) throws -> Security {
        do {
            if let keys = try KeyFile.find(argument: keys, role: role) { return try keys.peerSecurity() }
        } catch {
            throw CommandFailure(error.description, status: .usage)
        }
        if let endpoint = try endpoints().first(where: { !$0.isLocal }) {
            throw CommandFailure(
                "\(endpoint) is not on this host, and nothing goes there in the clear: give --keys FILE or AUSCULT_KEYS",
                status: .usage)
        }
        return .plain
    }
}

/// The choice of every command that prints results.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object per line.")
    var json = false
}
