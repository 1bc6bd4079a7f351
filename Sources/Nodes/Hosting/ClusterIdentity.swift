internal import FoundationEssentials
internal import Glibc

/// What tells the cluster of one data directory from all others: a random name in a file, made once.
package enum ClusterIdentity {
    private static let fileName = "cluster.id"

    package static func read(orMakeIn directory: String) throws(ClusterAddressError) -> String {
        let path = "\(directory)/\(fileName)"
        if let line = try? String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first {
            return String(line)
        }
        let identity = UUID().uuidString.lowercased()
        do {
            try Data("\(identity)\n".utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ClusterAddressError("cannot write \(path): \(error)")
        }
        return identity
    }

    /// Of a directory, for people: `host:/path`.
    package static func place(of directory: String) -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return "\(String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)):\(directory)"
    }
}
