internal import Files
internal import Glibc
internal import Messaging
internal import Synchronization

/// A bad network between a peer and a broker: a port of loopback whose connections go on to the broker's socket file.
final class SlowLink: Sendable {
    enum Pace: Int, Sendable {
        case open
        case paused
        /// A few bytes in each direction every few milliseconds.
        case trickling
        case closed
    }

    /// `tcp://127.0.0.1:PORT`.
    let endpoint: String
    private let pace: SharedPace
    private let thread: NodeThread

    private final class SharedPace: Sendable {
        let value = Atomic<Int>(Pace.open.rawValue)
        var now: Pace { Pace(rawValue: value.load(ordering: .relaxed)) ?? .open }
    }

    /// - Parameter target: path of a Unix socket; it need not be there yet.
    init(to target: String) throws {
        let pace = SharedPace()
        let (thread, port) = try NodeThread.start("slow-link") {
            let (listener, port) = try Self.listen()
            return (
                port,
                {
                    var relay = Relay(listener: listener, target: target)
                    while pace.now != .closed { relay.turn(pace.now) }
                    relay.close()
                }
            )
        }
        (self.pace, self.thread, endpoint) = (pace, thread, "tcp://127.0.0.1:\(port)")
    }

    func set(_ pace: Pace) { self.pace.value.store(pace.rawValue, ordering: .relaxed) }

    func stop() throws {
        set(.closed)
        try thread.join()
    }

    private static func listen() throws -> (Int32, UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listens = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && Glibc.listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard listens else {
            throw ChaosError("no port of 127.0.0.1 for a slow link: \(String(cString: strerror(errno)))")
        }
        return (listener, UInt16(bigEndian: address.sin_port))
    }
}

/// The connections of one link. Belongs to its thread.
private struct Relay {
    /// One direction of a connection.
    private struct Lane {
        let from: Int32
        let to: Int32
        var waiting: [UInt8] = []

        /// Moves at most so many bytes; false when either end has closed.
        mutating func move(_ limit: Int) -> Bool {
            if waiting.isEmpty {
                waiting = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                    count = max(0, recv(from, buffer.baseAddress, limit, Int32(MSG_DONTWAIT)))
                }
                if waiting.isEmpty { return isOpen }
            }
            let count = waiting.withUnsafeBytes { bytes in
                uninterrupted { send(to, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)) }
            }
            if count < 0 { return errno == EAGAIN }
            waiting.removeFirst(count)
            return true
        }

        /// Nothing was read: because there is nothing now, or never will be again.
        private var isOpen: Bool {
            var byte: UInt8 = 0
            let count = uninterrupted { recv(from, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) }
            return count > 0 || count < 0 && errno == EAGAIN
        }
    }

    private static let tick: Int32 = 5
    private let listener: Int32
    private let target: String
    private var connections: [(there: Lane, back: Lane)] = []

    init(listener: Int32, target: String) { (self.listener, self.target) = (listener, target) }

    mutating func turn(_ pace: SlowLink.Pace) {
        var polls = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        if pace == .open {
            for lane in connections.flatMap({ [$0.there, $0.back] }) {
                // Who has bytes waits to get rid of them, who has none for some to come.
                polls.append(
                    lane.waiting.isEmpty
                        ? pollfd(fd: lane.from, events: Int16(POLLIN), revents: 0)
                        : pollfd(fd: lane.to, events: Int16(POLLOUT), revents: 0))
            }
        }
        _ = poll(&polls, nfds_t(polls.count), pace == .open ? 100 : Self.tick)
        if polls[0].revents != 0 { accept() }
        guard pace != .paused else { return }
        let limit = pace == .trickling ? 3 : 1 << 18
        for index in connections.indices.reversed() {
            let goesOn = connections[index].there.move(limit) && connections[index].back.move(limit)
            if !goesOn { close(connections.remove(at: index)) }
        }
    }

    private mutating func accept() {
        let peer = Glibc.accept(listener, nil, nil)
        guard peer >= 0 else { return }
        let broker = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: target.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(broker, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isConnected else {
            _ = (Glibc.close(peer), Glibc.close(broker))
            return
        }
        connections.append((Lane(from: peer, to: broker), Lane(from: broker, to: peer)))
    }

    private func close(_ connection: (there: Lane, back: Lane)) {
        _ = (Glibc.close(connection.there.from), Glibc.close(connection.there.to))
    }

    func close() {
        connections.forEach(close)
        _ = Glibc.close(listener)
    }
}
