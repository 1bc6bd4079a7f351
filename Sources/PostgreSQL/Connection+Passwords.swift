internal import CPostgreSQL

extension Connection {
    /// What the server keeps of a password (SCRAM-SHA-256), for `ALTER ROLE ... PASSWORD`.
    package func passwordVerifier(_ password: String, user: String) throws(PostgreSQLError) -> String {
        guard let verifier = PQencryptPasswordConn(handle, password, user, "scram-sha-256") else {
            let reason = PostgreSQLError.sentence(of: PQerrorMessage(handle))
            throw PostgreSQLError(.refused, "no verifier can be made of a password: \(reason)")
        }
        defer { PQfreemem(verifier) }
        return String(cString: verifier)
    }
}
