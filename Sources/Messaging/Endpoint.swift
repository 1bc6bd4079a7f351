internal import Glibc

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
            let port = UInt16(address[address.index(after: colon)...]), Self.isHost(address[..<colon])
        {
            self = .tcp(host: String(address[..<colon]), port: port)
        } else {
            throw MessagingError(
                .badEndpoint,
                "\"\(text)\" is not an endpoint; write tcp://HOST:PORT, with an IPv6 address in brackets, or ipc://PATH"
            )
        }
    }

    /// A name, four numbers, `*`, or an IPv6 address in brackets.
    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("[") { return text.hasSuffix("]") && IPv6Address(text.dropFirst().dropLast()) != nil }
        return text == "*"
            || !text.isEmpty
                && text.utf8.allSatisfy { byte in
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                        || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
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
        case .tcp(let host, _):
            host == "localhost" || Self.isLoopback(host) || IPv6Address(host.dropFirst().dropLast())?.isLoopback == true
        }
    }

    /// 127.0.0.0/8, written as four numbers: anything else could be a name that resolves elsewhere.
    private static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}

extension Endpoint {
    /// Whether libzmq must speak IPv6 for it. A name that has an address of both kinds is reached by IPv4, as a broker on
    /// `localhost` is; one that nobody can resolve yet may still become known.
    var needsIPv6: Bool {
        guard case .tcp(let host, _) = self, host != "*" else { return false }
        return host.hasPrefix("[") || Self.addresses(of: host).first?.hasPrefix("[") == true
    }

    /// The same with the address that a name stands for: libzmq listens at addresses only.
    func resolved() throws(MessagingError) -> Endpoint {
        guard case .tcp(let host, let port) = self, host != "*", !host.hasPrefix("[") else { return self }
        guard let address = Self.addresses(of: host).first else {
            throw MessagingError(.badEndpoint, "\(self): the host name \(host) is not known here")
        }
        return .tcp(host: address, port: port)
    }

    /// As numbers, those of IPv4 first.
    private static func addresses(of host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [(family: Int32, text: String)] = []
        var entry = list
        while let current = entry?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                current.ai_addr, current.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            {
                let number = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                found.append((current.ai_family, current.ai_family == AF_INET6 ? "[\(number)]" : number))
            }
            entry = current.ai_next
        }
        return (found.filter { $0.family == AF_INET } + found.filter { $0.family == AF_INET6 }).map(\.text)
    }
}

/// Sixteen bytes; a scope such as `%eth0` is not looked at.
private struct IPv6Address {
    let isLoopback: Bool

    init?(_ text: Substring) {
        var address = in6_addr()
        guard inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &address) == 1 else { return nil }
        isLoopback = withUnsafeBytes(of: &address) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }
}

extension String {
    fileprivate func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
