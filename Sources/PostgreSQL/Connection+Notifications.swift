internal import CPostgreSQL
internal import Glibc

/// Something that another session said with NOTIFY.
package struct Notification: Hashable, Sendable {
    package let channel: String
    package let payload: String
}

extension Connection {
    /// Asks for the notifications of a channel.
    package func listen(_ channel: String) throws(PostgreSQLError) {
        precondition(!channel.isEmpty && channel.utf8.allSatisfy { $0 != UInt8(ascii: "\"") && $0 != 0 })
        try execute("LISTEN \"\(channel)\"")
    }

    /// The next notification that has arrived, nil when there is none now. Never blocks; for threads that wait on
    /// `descriptor` beside others.
    package func pendingNotification() throws(PostgreSQLError) -> Notification? {
        guard PQconsumeInput(handle) == 1 else {
            throw PostgreSQLError(
                .unreachable,
                "the database at \(place) went away: \(PostgreSQLError.sentence(of: PQerrorMessage(handle)))")
        }
        guard let notification = PQnotifies(handle) else { return nil }
        defer { PQfreemem(notification) }
        return Notification(
            channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra)
        )
    }

    /// Waits for the next notification, nil when none came in time.
    ///
    /// - Parameter milliseconds: how long to wait at most; negative waits for ever.
    package func waitForNotification(milliseconds: Int) throws(PostgreSQLError) -> Notification? {
        let clock = ContinuousClock()
        let deadline = milliseconds < 0 ? nil : clock.now.advanced(by: .milliseconds(milliseconds))
        while true {
            if let notification = try pendingNotification() { return notification }
            var timeout: Int32 = -1
            if let deadline {
                let left = clock.now.duration(to: deadline)
                guard left > .zero else { return nil }
                timeout = Int32(clamping: left / .milliseconds(1) < 1 ? 1 : Int(left / .milliseconds(1)))
            }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&waiting, 1, timeout)
        }
    }
}
