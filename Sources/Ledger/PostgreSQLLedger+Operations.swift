internal import PostgreSQL

extension PostgreSQLLedger: OperationsLedger {
    package func queueCounts() throws -> QueueCounts {
        try perform { connection in
            let row = try connection.execute(
                """
                SELECT (SELECT count(*) FROM auscult.clip), (SELECT count(*) FROM auscult.open_clip),
                    (SELECT count(DISTINCT job) FROM auscult.result), (SELECT count(*) FROM auscult.dead_letter),
                    (SELECT extract(epoch FROM now() - min(accepted_at))::double precision FROM auscult.open_clip)
                """)[0]
            return QueueCounts(
                accepted: try row.int64(0), waiting: try row.int64(1), scored: try row.int64(2),
                dead: try row.int64(3), oldestWaitSeconds: try row.optionalDouble(4))
        }
    }

    package func record(_ workers: [WorkerRecord], epoch: UInt32) throws {
        try transaction(epoch: epoch) { connection in
            try connection.execute(
                "DELETE FROM auscult.worker WHERE name <> ALL ($1)", [.texts(workers.map(\.name))])
            try connection.execute(
                """
                INSERT INTO auscult.worker (name, host, process, leased, credits, draining, finished, doing)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (name) DO UPDATE SET
                    (host, process, leased, credits, draining, finished, doing, seen_at) = (
                    excluded.host, excluded.process, excluded.leased, excluded.credits, excluded.draining,
                    excluded.finished, excluded.doing, now())
                """,
                [
                    .texts(workers.map(\.name)), .texts(workers.map(\.host)), .ints(workers.map(\.process)),
                    .ints(workers.map(\.leased)), .ints(workers.map(\.credits)), .bools(workers.map(\.isDraining)),
                    .int64s(workers.map(\.finished)), .texts(workers.map(\.doing)),
                ])
            try connection.notify(.workersChanged)
        }
    }

    package func workers() throws -> [WorkerRecord] {
        try perform { connection in
            try connection.execute(
                """
                SELECT name, host, process, leased, credits, draining, finished, doing FROM auscult.worker
                ORDER BY name COLLATE "C"
                """
            ).map { row in
                WorkerRecord(
                    name: try row.text(0), host: try row.text(1), process: try row.int(2), leased: try row.int(3),
                    credits: try row.int(4), isDraining: try row.bool(5), finished: try row.int64(6),
                    doing: try row.text(7))
            }
        }
    }

    package func fleetWish() throws -> FleetWish? {
        try perform { connection in
            try connection.execute("SELECT workers, wish FROM auscult.fleet").first.map {
                FleetWish(workers: try $0.int(0), number: try $0.int64(1))
            }
        }
    }

    package func scale(to workers: Int) throws {
        try perform { connection in
            _ = try connection.execute("SELECT auscult.scale_fleet($1::integer)", [.int(workers)])
        }
    }
}

extension PostgreSQLLedger: SignalLedger {
    package func signals(_ wanted: Set<LedgerSignal>, waitMilliseconds: Int) throws -> Set<LedgerSignal> {
        try withSession { session, connection in
            for signal in wanted.subtracting(session.listening) {
                try connection.listen(signal.rawValue)
                session.listening.insert(signal)
                session.signals.insert(signal)
            }
            let isHeard = !wanted.isDisjoint(with: session.signals)
            let deadline = ContinuousClock.now + .milliseconds(isHeard ? 0 : waitMilliseconds)
            repeat {
                let left = max(0, Int((deadline - .now) / .milliseconds(1)))
                guard let notification = try connection.waitForNotification(milliseconds: left) else { break }
                if let signal = LedgerSignal(rawValue: notification.channel) { session.signals.insert(signal) }
            } while wanted.isDisjoint(with: session.signals)
            defer { session.signals.subtract(wanted) }
            return session.signals.intersection(wanted)
        }
    }
}

extension Connection {
    /// Tells all listeners once the transaction is committed.
    func notify(_ signal: LedgerSignal) throws {
        try execute("SELECT pg_notify($1, '')", [.text(signal.rawValue)])
    }
}
