internal import CPostgreSQL
internal import Glibc

extension Connection {
    /// How long a server may take to say once more why it does not let us in.
    private static let patience = Duration.seconds(5)

    /// The state in which a server refuses a connection, nil when it does not say.
    ///
    /// libpq keeps a refusal as a sentence only, in the server's language; asked once more to be terse, it keeps the state.
    static func stateOfRefusal(_ settings: [(String, String)]) -> String? {
        let handle = withCStrings(settings.map(\.0)) { keywords in
            withCStrings(settings.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let handle else { return nil }
        defer { PQfinish(handle) }
        PQsetErrorVerbosity(handle, PQERRORS_SQLSTATE)
        let deadline = ContinuousClock.now + patience
        // libpq: a new connection is waited for as if it had just asked to be written to.
        var events = Int16(POLLOUT)
        while PQstatus(handle) != CONNECTION_BAD, PQstatus(handle) != CONNECTION_OK, ContinuousClock.now < deadline {
            var socket = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            let left = (deadline - ContinuousClock.now) / .milliseconds(1)
            guard poll(&socket, 1, Int32(left)) != 0 else { return nil }
            events = Int16(PQconnectPoll(handle) == PGRES_POLLING_READING ? POLLIN : POLLOUT)
        }
        guard PQstatus(handle) == CONNECTION_BAD, let message = PQerrorMessage(handle) else { return nil }
        let last = String(cString: message).split(whereSeparator: \.isWhitespace).last.map(String.init)
        return last.flatMap { $0.utf8.count == 5 ? $0 : nil }
    }
}
