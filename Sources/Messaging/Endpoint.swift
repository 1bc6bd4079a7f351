/// Where a broker listens: `tcp://host:port` or `ipc://path`.
package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// Port 0 lets the system choose one when listening.
    case tcp(host: String, port: UInt16)
    /// A socket file on this host; at most 107 bytes of path.
    case ipc(path: String)

    /// Reads `tcp://host:port` (IPv6 hosts in brackets, `*` for every interface) or `ipc://path`.
    package init(_ text: String) throws(MessagingError) {
        if let path = text.removing(prefix: "ipc://") {
            guard (1...107).contains(path.utf8.count), !path.utf8.contains(0) else {
                throw MessagingError(
                    .badEndpoint, "\"\(text)\" is not usable: the path of an ipc endpoint has 1 to 107 bytes")
            }
            self = .ipc(path: path)
        } else if let address = text.removing(prefix: "tcp://"), let colon = address.lastIndex(of: ":"),
            let port = UInt16(address[address.index(after: colon)...]), colon != address.startIndex
        {
            self = .tcp(host: String(address[..<colon]), port: port)
        } else {
            throw MessagingError(
                .badEndpoint, "\"\(text)\" is not an endpoint; write tcp://HOST:PORT or ipc://PATH")
        }
    }

    package var description: String {
        switch self {
        case .tcp(let host, let port): "tcp://\(host):\(port)"
        case .ipc(let path): "ipc://\(path)"
        }
    }

    /// True when only processes of this host can reach the endpoint.
    package var isLocal: Bool {
        switch self {
        case .ipc: true
        case .tcp(let host, _): host == "localhost" || host == "[::1]" || Self.isLoopback(host)
        }
    }

    /// 127.0.0.0/8, written as four numbers: anything else could be a name that resolves elsewhere.
    private static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}

extension String {
    fileprivate func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
