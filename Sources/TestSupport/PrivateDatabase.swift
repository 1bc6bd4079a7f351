package import PostgreSQL

/// A database for one test, on a server that all tests of the process share.
package struct PrivateDatabase: Sendable {
    /// The database as its owner.
    package let url: String
    /// The database as the analyst.
    package let analystURL: String

    /// Makes an empty database.
    package init() throws {
        self = try TestServer.shared.get().newDatabase()
    }

    /// Makes a copy of a database that is prepared once per process: cheaper than preparing each.
    ///
    /// - Parameters:
    ///   - template: lower-case letters, digits and underscores
    ///   - prepare: fills the database at this URL
    package init(copyOf template: String, prepare: (String) throws -> Void) throws {
        let server = try TestServer.shared.get()
        try server.makeTemplate(template, prepare)
        self = try server.newDatabase(copying: template)
    }

    package func connect() throws(PostgreSQLError) -> Connection { try Connection(url, applicationName: "tests") }

    /// Its name on the server.
    package let name: String
    /// The server's own database as its administrator, who may do everything.
    package let administratorURL: String

    init(url: String, analystURL: String, name: String, administratorURL: String) {
        (self.url, self.analystURL, self.name) = (url, analystURL, name)
        self.administratorURL = administratorURL
    }
}
