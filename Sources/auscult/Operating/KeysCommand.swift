import ArgumentParser
import FoundationEssentials
import Ledger
import Messaging
import Nodes
import Plant

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Makes CURVE keys, and says whose may connect.",
        discussion: """
            A broker that others can reach encrypts every connection and lets in only keys that were allowed. Each key has \
            one role, and a gateway's one site. 'auscult up --secure' makes the keys of its own host by itself.

            Example: auscult keys new line-3.json --role gateway --name line-3
                     auscult keys allow 'PUBLIC KEY' --role gateway --site line-3 --name line-3
            """,
        subcommands: [New.self, Allow.self, List.self, Revoke.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a pair of keys, and writes it into a file that only you can read.",
            discussion: "Example: auscult keys new line-3.json --role gateway --name line-3 --broker 'PUBLIC KEY'")

        @Argument(help: "The file to write; it must not be there yet.")
        var file: String

        @Option(help: "broker, gateway, worker, coordinator or operator.")
        var role: Principal.Role

        @Option(help: "What people call the owner; otherwise the role.")
        var name: String?

        @Option(help: "The broker's public key; otherwise that of AUSCULT_DATA. Not for the broker's own keys.")
        var broker: String?

        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let file: String
            let publicKey: String
            let role: String
            let name: String
        }

        func run() throws {
            let key = try brokerKey()
            if role != .broker, key == nil {
                throw ValidationError(
                    "which broker's? Give --broker KEY, or set AUSCULT_DATA to the directory of a secure 'auscult up'")
            }
            let pair = try CurveKeyPair()
            let name = name ?? role.rawValue
            try KeyFile(pair, role: role, name: name, broker: role == .broker ? nil : key).write(to: file)
            if output.json {
                return try Console.json(
                    Line(file: file, publicKey: pair.publicKey.text, role: role.rawValue, name: name))
            }
            Console.line(pair.publicKey.text)
            Console.note("the keys are in \(file); let their owner in with 'auscult keys allow' and the line above")
        }

        private func brokerKey() throws -> CurveKey? {
            if let broker {
                guard let key = CurveKey(broker) else {
                    throw ValidationError("\"\(broker)\" is not a key: it has 40 characters")
                }
                return key
            }
            guard let directory = ProcessEnvironment["AUSCULT_DATA"] else { return nil }
            return try ClusterAddress.read(from: directory).brokerKey.flatMap { CurveKey($0) }
        }
    }

    struct Allow: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets the owner of a key in; brokers know within a second.",
            discussion: "Example: auscult keys allow 'PUBLIC KEY' --role gateway --site line-3 --name line-3")

        @Argument(help: "The public key, as 'keys new' printed it.")
        var key: String

        @Option(help: "gateway, worker, coordinator or operator.")
        var role: Principal.Role

        @Option(help: "Gateways: the one site whose clips it may push; '*' for every site.")
        var site: String?

        @Option(help: "What people call the owner; otherwise the role.")
        var name: String?

        @OptionGroup var database: DatabaseOptions

        func validate() throws {
            if CurveKey(key) == nil { throw ValidationError("\"\(key)\" is not a key: it has 40 characters") }
            if role == .gateway, site == nil {
                throw ValidationError(
                    "a gateway needs --site, the one it may push for; --site '*' lets it push for all")
            }
            if role != .gateway, site != nil { throw ValidationError("--site is for gateways") }
        }

        func run() throws {
            try database.ledger().allow(
                Principal(publicKey: key, role: role, site: site == "*" ? nil : site, name: name ?? role.rawValue))
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows whose keys were allowed, and which were revoked.",
            discussion: "Example: auscult keys list --json")

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let publicKey: String
            let role: String
            let site: String?
            let name: String
            let revoked: Bool
        }

        func run() throws {
            for principal in try database.ledger().principals() {
                if output.json {
                    try Console.json(
                        Line(
                            publicKey: principal.publicKey, role: principal.role.rawValue, site: principal.site,
                            name: principal.name, revoked: principal.isRevoked))
                } else {
                    let site = principal.role == .gateway ? " of \(principal.site ?? "every site")" : ""
                    let revoked = principal.isRevoked ? "\trevoked" : ""
                    Console.line(
                        "\(principal.publicKey)\t\(principal.name)\t\(principal.role.rawValue)\(site)\(revoked)")
                }
            }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shuts the owner of a key out, for good; brokers end its sessions within a second.",
            discussion: "Example: auscult keys revoke 'PUBLIC KEY'")

        @Argument(help: "The public key, as 'keys list' shows it.")
        var key: String

        @OptionGroup var database: DatabaseOptions

        func run() throws { try database.ledger().revoke(key) }
    }
}

extension Principal.Role: ExpressibleByArgument {}
