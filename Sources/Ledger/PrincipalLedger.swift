package import Plant

/// The keys that may connect, which is the broker's allow-list, and how often it has turned somebody away.
package protocol PrincipalLedger: Sendable {
    /// All of them, revoked ones too, by name and key.
    func principals() throws -> [Principal]

    /// Lets the owner of a key in; a key known already keeps its role, and one that was revoked stays so.
    ///
    /// - Throws: `.refused` when the key is known under another role or site, or was revoked.
    func allow(_ principal: Principal) throws

    /// Shuts the owner of a key out, at once and for good. Throws `.notFound` for a key nobody allowed.
    func revoke(_ publicKey: String) throws

    /// Adds to what brokers have refused so far.
    func add(_ refusals: [RefusalCount]) throws
}

extension Principal {
    /// Why `allow` refuses what it is given, when the key is known as this one.
    func conflict(with wanted: Principal) -> LedgerError? {
        if isRevoked {
            return LedgerError(
                .refused, "the key of \(name) was revoked, which is for good: make a new one with 'auscult keys new'")
        }
        guard (role, site) != (wanted.role, wanted.site) else { return nil }
        let place = site.map { " of site \($0)" } ?? ""
        return LedgerError(
            .refused, "this key is allowed already, as \(role.rawValue)\(place): revoke it, or use another key")
    }
}

extension LedgerError {
    static func unknown(key: String) -> LedgerError {
        LedgerError(.notFound, "nobody is allowed by the key \(key); 'auscult keys list' shows those there are")
    }
}
