/// Who may speak to the broker, known by a public key.
package struct Principal: Hashable, Sendable {
    package enum Role: String, Hashable, Sendable, CaseIterable {
        case broker, gateway, worker, coordinator, `operator`
    }

    /// 40 characters of Z85.
    package var publicKey: String
    package var role: Role
    /// The only site whose clips it may push; nil for every site.
    package var site: String?
    /// What people call it.
    package var name: String
    package var isRevoked: Bool

    package init(publicKey: String, role: Role, site: String?, name: String, isRevoked: Bool = false) {
        self.publicKey = publicKey
        self.role = role
        self.site = site
        self.name = name
        self.isRevoked = isRevoked
    }
}
