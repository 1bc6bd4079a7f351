internal import CPostgreSQL

extension Connection {
    /// Whether a connection to this URL may cross a network in the clear: another host, and no `sslmode` that insists.
    ///
    /// libpq's default, `prefer`, goes on without encryption as soon as anybody in between refuses it.
    package static func isExposed(_ url: String) -> Bool {
        guard let options = PQconninfoParse(url, nil) else { return false }
        defer { PQconninfoFree(options) }
        var given: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { given[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        let hosts = (given["hostaddr"] ?? given["host"] ?? "").split(separator: ",")
        let isLocal = hosts.allSatisfy { host in
            host.hasPrefix("/") || host.hasPrefix("@") || host.hasPrefix("127.") || ["localhost", "::1"].contains(host)
        }
        return !isLocal && !["require", "verify-ca", "verify-full"].contains(given["sslmode"] ?? "prefer")
    }
}
