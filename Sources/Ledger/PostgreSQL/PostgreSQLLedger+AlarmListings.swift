package import Alarms
internal import FoundationEssentials
internal import PostgreSQL

// Alarms as people read them, and what they ask of them.

extension PostgreSQLLedger {
    /// The most urgent first.
    ///
    /// - Parameter includesNormal: also alarms that ask for nothing now.
    package func alarms(site: String? = nil, includesNormal: Bool = false) throws -> [AlarmListing] {
        try alarms(
            where: "coalesce($1, site) = site AND ($2 OR isa <> 'A') ORDER BY isa > 'D', priority, a.since, alarm",
            [.text(site), .bool(includesNormal)])
    }

    package func alarm(_ number: Int64) throws -> AlarmListing? {
        try alarms(where: "alarm = $1", [.int64(number)]).first
    }

    /// In the order in which they happened.
    package func alarmEvents(of alarm: Int64) throws -> [AlarmEventListing] {
        try rows(
            """
            SELECT event, \(Self.time("at")), event_type, who, reason, \(Self.time("until")), label, job
            FROM auscult.alarm_events WHERE alarm = $1 ORDER BY event
            """, [.int64(alarm)]
        ) { row in
            AlarmEventListing(
                event: try row.int64(0), at: try row.text(1), eventType: try row.text(2), who: try row.text(3),
                reason: try row.text(4), until: try row.optionalText(5), label: try row.optionalText(6),
                job: try row.optionalInt64(7))
        }
    }

    /// Asks something of an alarm; the broker that leads answers within a second or so. Returns the order's number.
    package func order(_ act: AlarmAct, on alarm: Int64) throws -> Int64 {
        let (verb, seconds, label) = act.verb.columns
        return try perform { connection in
            try connection.execute(
                "SELECT auscult.order_alarm($1, $2, $3, $4, $5, $6)",
                [
                    .int64(alarm), .text(verb), .text(act.reason), .double(seconds), .text(label?.rawValue),
                    .text(act.who),
                ])[0].int64(0)
        }
    }

    /// What came of an order; nil while nobody has answered.
    package func answer(toAlarmOrder number: Int64) throws -> Result<Void, AlarmRefusal>? {
        try perform { connection in
            guard
                let row = try connection.execute(
                    "SELECT refusal FROM auscult.alarm_orders WHERE number = $1 AND closed_at IS NOT NULL",
                    [.int64(number)]
                ).first
            else { return nil }
            guard try row.optionalText(0) != nil else { return .success(()) }
            return .failure(try row.value(0, as: AlarmRefusal.self))
        }
    }

    /// Sets when alarms of a type, or of one machine of it, are raised and what they say; nil keeps what is set.
    package func setAlarms(
        type: String, id: String?, policy: WatchPolicy?, priority: Int?, guidance: String?, by who: String
    ) throws {
        let policy = try policy.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        try perform { connection in
            _ = try connection.execute(
                "SELECT auscult.set_alarms($1, $2, $3::jsonb, $4::integer, $5, $6)",
                [.text(type), .text(id), .text(policy), .int(priority), .text(guidance), .text(who)])
        }
    }

    private func alarms(where condition: String, _ parameters: [Parameter]) throws -> [AlarmListing] {
        try rows(
            """
            SELECT alarm, site, machine_type || '/' || machine_id, kind, state, isa, \(Self.time("since")), priority,
                guidance, job, model_version, \(Self.time("shelved_until"))
            FROM auscult.alarm_list a WHERE \(condition)
            """, parameters
        ) { row in
            AlarmListing(
                alarm: try row.int64(0), site: try row.text(1), machine: try row.text(2), kind: try row.text(3),
                state: try row.text(4), isa: try row.text(5), since: try row.text(6), priority: try row.int(7),
                guidance: try row.text(8), job: try row.optionalInt64(9), modelVersion: try row.optionalText(10),
                shelvedUntil: try row.optionalText(11))
        }
    }
}

extension AlarmAct.Verb {
    fileprivate var columns: (verb: String, seconds: Double?, label: AlarmLabel?) {
        switch self {
        case .acknowledge: ("acknowledge", nil, nil)
        case .shelve(let duration?): ("shelve", Double(duration) / 1e6, nil)
        case .shelve(nil): ("shelve-once", nil, nil)
        case .unshelve: ("unshelve", nil, nil)
        case .takeOutOfService: ("take-out-of-service", nil, nil)
        case .returnToService: ("return-to-service", nil, nil)
        case .comment: ("comment", nil, nil)
        case .close(let label): ("close", nil, label)
        }
    }
}
