import ArgumentParser
import Ledger
import Nodes
import PostgreSQL

/// `auscult db grant`: a login of its own for a person or a program.
struct DatabaseGrant: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Makes a login for a person or a program, of every site or of some, and prints its URL.",
        discussion: """
            The URL carries the password and is printed this once; granting again gives the login another one. A login \
            with --site sees nothing of other sites, and an operator's gives orders to its sites alone.

            Example: auscult db grant maria --role analyst
                     auscult db grant line3-screen --role operator --site line-3
            """)

    @Argument(help: "The login's name.")
    var name: String

    @Option(help: "analyst, who reads the views; or operator, who gives orders to the queue.")
    var role: LoginRole

    @Option(help: "The only site it may see; say it again for more.")
    var site: [String] = []

    @OptionGroup var target: DatabaseTarget

    func validate() throws {
        if site.contains("") { throw ValidationError("--site needs the name of a site.") }
    }

    func run() throws {
        let url = try target.loginOffice().grant(name, role: role, sites: site.isEmpty ? nil : site)
        if target.json {
            try Console.json(Report(name: name, role: role.rawValue, sites: site.isEmpty ? nil : site, url: url))
        } else {
            Console.line(url)
        }
    }

    private struct Report: Encodable {
        let name: String
        let role: String
        let sites: [String]?
        let url: String
    }
}

/// `auscult db revoke`: the end of a login.
struct DatabaseRevoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Ends a login that was granted; its sessions are cut.",
        discussion: "Example: auscult db revoke maria")

    @Argument(help: "The login's name.")
    var name: String

    @OptionGroup var target: DatabaseTarget

    func run() throws {
        try target.loginOffice().revoke(name)
        if target.json { try Console.json(["revoked": name]) } else { Console.line("\(name) is revoked") }
    }
}

extension LoginRole: ExpressibleByArgument {}

extension DatabaseTarget {
    /// On the private server of AUSCULT_DATA its administrator makes the roles; elsewhere the URL's own role must be able to.
    fileprivate func loginOffice() throws -> LoginOffice {
        guard database == nil, ProcessEnvironment["AUSCULT_DATABASE"] == nil,
            let directory = ProcessEnvironment["AUSCULT_DATA"], PrivateServer.exists(in: directory)
        else { return try LoginOffice(url(), administratorURL: nil) }
        let server = try PrivateServer(directory: directory)
        guard server.processIdentifier != nil else {
            throw CommandFailure(
                "the database under \(directory) does not run: start it with 'auscult up'", status: .unreachable)
        }
        try server.start()
        return try LoginOffice(url(), administratorURL: server.administratorURL())
    }
}
