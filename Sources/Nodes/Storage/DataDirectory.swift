internal import FoundationEssentials

/// The folder a service keeps its files in.
enum DataDirectory {
    /// Makes the folder with those above it, readable by its owner alone.
    static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BrokerError(.dataDirectory, "cannot make the data directory \(path): \(error)")
        }
    }
}
