import ArgumentParser
import Ledger
import Nodes

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

    func ledger() throws -> PostgreSQLLedger { PostgreSQLLedger(try url()) }
}

/// How a command finds the broker of a running cluster.
struct BrokerOptions: ParsableArguments {
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp(
            "The broker's endpoint.", discussion: "Otherwise AUSCULT_BROKER, or AUSCULT_DATA of 'auscult up'.",
            valueName: "endpoint"))
    var endpoint: String?

    func resolved() throws -> String {
        do {
            return try ClusterAddress.endpoint(argument: endpoint)
        } catch {
            throw CommandFailure(error.description, status: .unreachable)
        }
    }
}

/// The choice of every command that prints results.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object per line.")
    var json = false
}
