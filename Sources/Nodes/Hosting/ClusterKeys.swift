internal import Files
internal import Glibc
package import Messaging
package import Plant

/// The keys of a cluster on one host: one file per role under `DIRECTORY/keys`, made when missing.
package struct ClusterKeys: Sendable {
    private let files: [Principal.Role: KeyFile]

    /// Whose keys may connect: everybody's but the broker's own.
    package var principals: [Principal] {
        Principal.Role.allCases.compactMap { role in
            files[role].map { Principal(publicKey: $0.publicKey, role: role, site: nil, name: $0.name) }
        }.filter { $0.role != .broker }
    }

    /// The broker's public key.
    package let broker: CurveKey

    package init(inDataDirectory directory: String) throws {
        _ = try Folder("\(directory)/keys")
        let own = try Self.file(of: .broker, broker: nil, in: directory)
        guard let broker = CurveKey(own.publicKey) else { throw KeyError("the broker's keys are damaged") }
        var files: [Principal.Role: KeyFile] = [.broker: own]
        for role in Principal.Role.allCases where role != .broker {
            files[role] = try Self.file(of: role, broker: broker, in: directory)
        }
        self.files = files
        self.broker = broker
    }

    private static func file(of role: Principal.Role, broker: CurveKey?, in directory: String) throws -> KeyFile {
        let path = KeyFile.path(of: role, inDataDirectory: directory)
        if access(path, F_OK) == 0 { return try KeyFile.read(path) }
        let file = KeyFile(try CurveKeyPair(), role: role, name: "local-\(role.rawValue)", broker: broker)
        try file.write(to: path)
        return file
    }
}
