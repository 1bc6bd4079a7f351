internal import CPostgreSQL

extension Connection {
    /// Creates the database that a URL names, by way of the server's own database `postgres`.
    ///
    /// - Returns: false where it exists already.
    package static func createDatabase(of url: String) throws(PostgreSQLError) -> Bool {
        let server = try Connection(url, database: "postgres")
        guard let name = databaseName(of: url) else {
            throw PostgreSQLError(.badURL, "this database URL names no database; it should end in /NAME")
        }
        guard try server.execute("SELECT FROM pg_database WHERE datname = $1", [.text(name)]).isEmpty else {
            return false
        }
        // A name cannot be a parameter; it is quoted as SQL wants it.
        let quoted = name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        try server.execute("CREATE DATABASE \"\(quoted)\"")
        return true
    }

    private static func databaseName(of url: String) -> String? {
        guard let options = PQconninfoParse(url, nil) else { return nil }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "dbname" { return option.pointee.val.map { String(cString: $0) } }
            option += 1
        }
        return nil
    }
}
