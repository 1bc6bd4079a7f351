package import Plant
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

// MARK: orders

extension PostgreSQLLedger {
    package func pause(_ scope: QueueScope, reason: String, by who: String) throws -> Int64 {
        try number(
            "SELECT auscult.pause_queue($1, $2, $3, $4, $5)", Self.parameters(scope) + [.text(reason), .text(who)])
    }

    package func resume(_ scope: QueueScope, by who: String) throws -> Int {
        Int(try number("SELECT auscult.resume_queue($1, $2, $3, $4)", Self.parameters(scope) + [.text(who)]))
    }

    package func cancel(_ scope: QueueScope, reason: String, by who: String) throws -> Int64 {
        try number(
            "SELECT auscult.cancel_clips($1, $2, $3, $4)",
            [.text(scope.site), .text(scope.machineType), .text(reason), .text(who)])
    }

    package func cancel(jobs: [Int64], reason: String, by who: String) throws -> Int64 {
        try number("SELECT auscult.cancel_jobs($1, $2, $3)", [.int64s(jobs), .text(reason), .text(who)])
    }

    package func retryDeadLetters(_ jobs: [Int64], by who: String) throws -> Int {
        Int(try number("SELECT auscult.retry_dead_letters($1, $2)", [.int64s(jobs), .text(who)]))
    }

    package func dropDeadLetters(_ jobs: [Int64], reason: String, by who: String) throws -> Int {
        Int(try number("SELECT auscult.drop_dead_letters($1, $2, $3)", [.int64s(jobs), .text(reason), .text(who)]))
    }

    package func clipsTouched(byOrder number: Int64) throws -> Int? {
        try perform { connection in
            try connection.execute(
                "SELECT clips FROM auscult.operator_orders WHERE number = $1 AND closed_at IS NOT NULL",
                [.int64(number)]
            ).first.map { Int(try $0.optionalInt64(0) ?? 0) }
        }
    }

    /// The one number that a function of the schema returns.
    private func number(_ sql: String, _ parameters: [Parameter]) throws -> Int64 {
        try perform { connection in try connection.execute(sql, parameters)[0].int64(0) }
    }

    private static func parameters(_ scope: QueueScope) -> [Parameter] {
        [.text(scope.site), .text(scope.machineType), .text(scope.kind?.rawValue)]
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
