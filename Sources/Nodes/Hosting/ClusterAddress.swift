package import Files
internal import FoundationEssentials
internal import Glibc

/// Where a running cluster is found: its broker and its database.
///
/// `auscult up` writes it to `cluster.json` in its data directory, readable by its owner alone since the URLs carry
/// passwords. Clients read it through `AUSCULT_DATA`; `AUSCULT_BROKER` and `AUSCULT_DATABASE` (or a command's
/// arguments) name either part directly and win.
package struct ClusterAddress: Codable, Sendable, Equatable {
    package static let fileName = "cluster.json"

    /// The brokers' endpoints, `tcp://host:port` or `ipc://path`: one, or two where there is a standby.
    package var endpoints: [String]
    /// The database as its owner.
    package var databaseURL: String
    /// The database as the analyst's role, which reads views and nothing else.
    package var analystURL: String?
    /// The database as the operator's role, which gives orders and reads what it needs for them.
    package var operatorURL: String?
    /// The broker's public key where connections are protected by CURVE.
    package var brokerKey: String?

    package init(endpoints: [String], databaseURL: String, analystURL: String?, brokerKey: String? = nil) {
        (self.endpoints, self.databaseURL, self.analystURL) = (endpoints, databaseURL, analystURL)
        self.brokerKey = brokerKey
    }

    /// Writes the file so that a reader sees the old one or the new one, never half of one.
    package func write(to directory: Folder) throws(ClusterAddressError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        do {
            let content = [UInt8](try encoder.encode(self))
            try directory.write(content, as: Self.fileName)
        } catch {
            throw ClusterAddressError("cannot write \(directory.path)/\(Self.fileName): \(error)")
        }
    }

    /// Reads the file of a data directory.
    package static func read(from directory: String) throws(ClusterAddressError) -> ClusterAddress {
        let path = "\(directory)/\(fileName)"
        do {
            return try JSONDecoder().decode(ClusterAddress.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            throw ClusterAddressError(
                "no running cluster is described in \(path): start one with 'auscult up --data \(directory)'")
        }
    }

    /// The brokers' endpoints for a client.
    ///
    /// - Parameter argument: what the person typed after `--to`; several are separated by commas.
    package static func endpoints(argument: String?) throws(ClusterAddressError) -> [String] {
        if let endpoints = argument ?? ProcessEnvironment["AUSCULT_BROKER"] {
            return endpoints.split(separator: ",").map(String.init)
        }
        if let directory = ProcessEnvironment["AUSCULT_DATA"] { return try read(from: directory).endpoints }
        throw ClusterAddressError(
            "which broker? Give --to ENDPOINT, or set AUSCULT_BROKER, or AUSCULT_DATA to the directory of 'auscult up'")
    }

    /// The database's URL for a client.
    ///
    /// - Parameter argument: what the person typed after `--database`.
    package static func databaseURL(argument: String?) throws(ClusterAddressError) -> String {
        if let url = argument ?? ProcessEnvironment["AUSCULT_DATABASE"] { return url }
        if let directory = ProcessEnvironment["AUSCULT_DATA"] { return try read(from: directory).databaseURL }
        throw ClusterAddressError(
            "which database? Give --database URL, or set AUSCULT_DATABASE, or AUSCULT_DATA to the directory of 'auscult up'"
        )
    }

    /// A database's URL without its password, to be shown.
    package static func concealing(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        var shown = String(url[..<scheme.upperBound])
        if let at = authority.lastIndex(of: "@") {
            shown += authority[..<at].prefix { $0 != ":" } + authority[at...]
        } else {
            shown += authority
        }
        let tail = rest[authority.endIndex...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let options = tail.dropFirst().flatMap { $0.split(separator: "&") }.filter { !$0.hasPrefix("password=") }
        return shown + (tail.first ?? "") + (options.isEmpty ? "" : "?" + options.joined(separator: "&"))
    }

    private static var systemReason: String { String(cString: strerror(errno)) }
}

/// No cluster could be found; the description says how to name one.
package struct ClusterAddressError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
