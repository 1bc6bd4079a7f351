internal import Files
internal import FoundationEssentials
package import Messaging
package import Plant

/// The CURVE keys of one service or client, in a file that its owner alone can read: `auscult keys new` makes it.
///
/// Programs find it by `--keys`, by `AUSCULT_KEYS` (a path, or the content itself), or in the `keys` folder of
/// `AUSCULT_DATA`. Secret keys are never arguments, and never written to a log.
package struct KeyFile: Codable, Sendable {
    package let role: String
    package let name: String
    /// 40 characters of Z85, as the other keys.
    package let publicKey: String
    private let secretKey: String
    /// The public key that the broker must prove to own; the broker's own file has none.
    package let brokerKey: String?

    package init(_ pair: CurveKeyPair, role: Principal.Role, name: String, broker: CurveKey?) {
        self.role = role.rawValue
        self.name = name
        publicKey = pair.publicKey.text
        secretKey = pair.secret
        brokerKey = broker?.text
    }

    /// How a peer protects its connections with these keys.
    package func peerSecurity() throws(KeyError) -> Security {
        guard let text = brokerKey, let broker = CurveKey(text) else {
            throw KeyError("the keys of \(name) do not say the broker's public key: make them with --broker KEY")
        }
        return .curveClient(try pair(), broker: broker)
    }

    /// How the broker protects its socket with these keys.
    package func brokerSecurity() throws(KeyError) -> Security {
        guard role == Principal.Role.broker.rawValue else {
            throw KeyError("the keys of \(name) are those of a \(role), not of a broker")
        }
        return .curveServer(try pair())
    }

    private func pair() throws(KeyError) -> CurveKeyPair {
        guard let pair = CurveKeyPair(secret: secretKey), pair.publicKey.text == publicKey else {
            throw KeyError("the keys of \(name) are damaged: make new ones with 'auscult keys new'")
        }
        return pair
    }
}

extension KeyFile {
    /// The folder of a data directory that holds the keys `auscult up` has made.
    package static func path(of role: Principal.Role, inDataDirectory directory: String) -> String {
        "\(directory)/keys/\(role.rawValue).json"
    }

    /// Reads a file; refuses one that others can read.
    package static func read(_ path: String) throws(KeyError) -> KeyFile {
        let content: [UInt8]
        do throws(FileError) {
            let file = try OpenFile(path, .read, followsLink: true)
            guard try file.isPrivate else {
                throw FileError(
                    sentence: "others can read the keys at \(path): type 'chmod 600 \(path)', or make new ones")
            }
            content = try file.contents(limit: 1 << 20)
        } catch {
            throw KeyError(error.isMissing ? "no keys at \(path)" : error.description)
        }
        do {
            return try JSONDecoder().decode(KeyFile.self, from: Data(content))
        } catch {
            throw KeyError("\(path) holds no keys; make them with 'auscult keys new'")
        }
    }

    /// Writes a new file, readable by its owner alone; refuses to write over another.
    package func write(to path: String) throws(KeyError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        guard let content = try? [UInt8](encoder.encode(self)) else { throw KeyError("keys cannot be written") }
        do throws(FileError) {
            let file = try OpenFile(path, .create)
            try file.write(content)
            try file.synchronise()
        } catch {
            throw KeyError(error.isThere ? "\(path) exists; keys are never written over" : error.description)
        }
    }

    /// The keys a program is to use, nil when connections are plain.
    ///
    /// - Parameter argument: what the person typed after `--keys`.
    package static func find(argument: String?, role: Principal.Role) throws(KeyError) -> KeyFile? {
        if let argument { return try read(argument) }
        if let text = ProcessEnvironment["AUSCULT_KEYS"] {
            guard text.hasPrefix("{") else { return try read(text) }
            do {
                return try JSONDecoder().decode(KeyFile.self, from: Data(text.utf8))
            } catch {
                throw KeyError("AUSCULT_KEYS holds no keys; make them with 'auscult keys new'")
            }
        }
        guard let directory = ProcessEnvironment["AUSCULT_DATA"],
            let address = try? ClusterAddress.read(from: directory), address.brokerKey != nil
        else { return nil }
        return try read(path(of: role, inDataDirectory: directory))
    }
}

/// What is wrong with keys, and what to do.
package struct KeyError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
