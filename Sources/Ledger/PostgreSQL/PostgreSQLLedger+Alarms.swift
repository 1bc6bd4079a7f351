package import Alarms
internal import FoundationEssentials
internal import Plant
internal import PostgreSQL

// States and alarms, as the desk reads and writes them.

extension PostgreSQLLedger: AlarmLedger {
    package func alarmState() throws -> AlarmState {
        try perform { connection in
            var state = AlarmState()
            state.now = try connection.execute("SELECT clock_timestamp()")[0].timestamp(0)
            for row in try connection.execute(
                "SELECT site, machine_type, machine_id, fold::text FROM auscult.machine_watch")
            {
                state.watches[try row.watchedMachine(0)] = try row.decoded(3, as: MachineWatch.self)
            }
            for row in try connection.execute(
                "SELECT site, machine_type, machine_id, kind, condition::text FROM auscult.alarm")
            {
                let key = AlarmKey(try row.watchedMachine(0), try row.value(3, as: AlarmKind.self))
                state.conditions[key] = try row.decoded(4, as: AlarmCondition.self)
            }
            return state
        }
    }

    package func alarmPolicies() throws -> AlarmPolicies {
        try perform { connection in
            var policies = AlarmPolicies()
            for row in try connection.execute(
                "SELECT machine_type, machine_id, policy::text FROM auscult.alarm_setting WHERE policy IS NOT NULL")
            {
                let (type, id, policy) = (try row.text(0), try row.text(1), try row.decoded(2, as: WatchPolicy.self))
                guard policy.flaw == nil else { continue }
                if id.isEmpty {
                    policies.ofTypes[type] = policy
                } else if let machine = MachineName(type: type, id: id) {
                    policies.ofMachines[machine] = policy
                }
            }
            return policies
        }
    }

    package func judgedClips(of jobs: [Int64], sensorFaults: [Int]) throws -> [WatchedClip] {
        try perform { connection in
            // One by one, so that each is found by its key whatever the planner believes.
            let rows = try connection.execute(
                """
                SELECT h.* FROM unnest($1) AS wanted (job), LATERAL (\(Self.judgedClips(where: "job = wanted.job"))) AS h
                """, [.int64s(jobs), .ints(sensorFaults)])
            let byJob = try Dictionary(rows.map { try ($0.int64(0), $0.watchedClip()) }, uniquingKeysWith: { $1 })
            return jobs.compactMap { byJob[$0] }
        }
    }

    package func missedClips(limit: Int, sensorFaults: [Int]) throws -> [WatchedClip] {
        try perform { connection in
            let condition = """
                job > w.job AND site = w.site AND machine_type = w.machine_type AND machine_id = w.machine_id
                """
            return try connection.execute(
                """
                SELECT h.* FROM auscult.machine_watch w, LATERAL (\(Self.judgedClips(where: condition))) AS h
                ORDER BY h.job LIMIT $1
                """, [.int(limit), .ints(sensorFaults)]
            ).map { try $0.watchedClip() }
        }
    }

    package func openAlarmOrders() throws -> [AlarmOrder] {
        try perform { connection in
            try connection.execute(
                """
                SELECT o.number, o.verb, o.seconds, o.label, o.reason, o.given_by, a.site, a.machine_type, a.machine_id,
                    a.kind
                FROM auscult.alarm_order o LEFT JOIN auscult.alarm a USING (alarm)
                WHERE o.closed_at IS NULL ORDER BY o.number LIMIT 1000
                """
            ).map { row in
                let key = try row.optionalText(6).map { _ in
                    AlarmKey(try row.watchedMachine(6), try row.value(9, as: AlarmKind.self))
                }
                return AlarmOrder(
                    number: try row.int64(0), key: key,
                    act: AlarmAct(try row.verb(1), reason: try row.text(4), who: try row.text(5)))
            }
        }
    }

    package func record(_ page: AlarmPage, epoch: UInt32) throws {
        try transaction(epoch: epoch) { connection in
            for (machine, entry) in page.watches { try Self.keep(entry.watch, entry.job, of: machine, connection) }
            var alarms: [AlarmKey: Int64] = [:]
            for (key, condition) in page.conditions {
                alarms[key] = try Self.keep(condition, of: key, connection)
            }
            for entry in page.entries {
                switch entry {
                case .state(let machine, let state, let job):
                    try Self.begin(state, job, of: machine, connection)
                case .event(let key, let event, let who, let reason):
                    guard let alarm = alarms[key] else { continue }
                    try Self.write(event, of: alarm, who: who, reason: reason, connection)
                }
            }
            try connection.execute(
                """
                UPDATE auscult.alarm_order o SET closed_at = now(), refusal = done.refusal
                FROM unnest($1, $2) AS done (number, refusal) WHERE o.number = done.number
                """,
                [.int64s(page.orders.map(\.number)), .texts(page.orders.map { $0.refusal?.rawValue })])
        }
    }

    /// Job, machine, time and judgement of results, and of dead letters that blame the sensor, by the codes in $2.
    private static func judgedClips(where condition: String) -> String {
        """
        SELECT job, site, machine_type, machine_id, recorded_at, score, threshold, model_version
        FROM auscult.results WHERE \(condition)
        UNION ALL
        SELECT job, site, machine_type, machine_id, recorded_at, NULL, NULL, NULL
        FROM auscult.dead_letters WHERE \(condition) AND code = ANY ($2)
        """
    }

    private static func keep(
        _ watch: MachineWatch, _ job: Int64?, of machine: WatchedMachine, _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO auscult.machine_watch AS w (site, machine_type, machine_id, state, job, fold)
            VALUES ($1, $2, $3, $4, coalesce($5, 0), $6::jsonb)
            ON CONFLICT (site, machine_type, machine_id) DO UPDATE SET
                since = CASE WHEN w.state = excluded.state THEN w.since ELSE now() END, state = excluded.state,
                heard_at = CASE WHEN $5 IS NULL THEN w.heard_at ELSE now() END,
                job = greatest(w.job, excluded.job), fold = excluded.fold
            """,
            machine.parameters + [.text(watch.state.rawValue), .int64(job), .text(try encoded(watch))])
    }

    private static func begin(
        _ state: MachineState, _ job: Int64?, of machine: WatchedMachine, _ connection: Connection
    ) throws {
        try connection.execute(
            """
            UPDATE auscult.machine_state_interval SET ended_at = now()
            WHERE site = $1 AND machine_type = $2 AND machine_id = $3 AND ended_at IS NULL
            """, machine.parameters)
        try connection.execute(
            """
            INSERT INTO auscult.machine_state_interval (site, machine_type, machine_id, state, job)
            VALUES ($1, $2, $3, $4, $5)
            """, machine.parameters + [.text(state.rawValue), .int64(job)])
    }

    private static func keep(
        _ condition: AlarmCondition, of key: AlarmKey, _ connection: Connection
    ) throws -> Int64 {
        let columns: [Parameter] =
            key.machine.parameters + [
                .text(key.kind.rawValue), .text(condition.letter.rawValue), .text(condition.letter.name),
                .text(try encoded(condition)),
            ]
        let known = try connection.execute(
            """
            UPDATE auscult.alarm SET since = CASE WHEN isa = $5 THEN since ELSE now() END, isa = $5, state = $6,
                condition = $7::jsonb
            WHERE site = $1 AND machine_type = $2 AND machine_id = $3 AND kind = $4 RETURNING alarm
            """, columns
        ).first
        if let known { return try known.int64(0) }
        return try connection.execute(
            """
            INSERT INTO auscult.alarm (site, machine_type, machine_id, kind, isa, state, condition, priority, guidance)
            VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9) RETURNING alarm
            """, columns + [.int(key.kind.priority), .text(key.kind.guidance)])[0].int64(0)
    }

    private static func write(
        _ event: AlarmEvent, of alarm: Int64, who: String, reason: String, _ connection: Connection
    ) throws {
        var (job, modelVersion, until, label): (Int64?, String?, Int64?, AlarmLabel?)
        switch event {
        case .raised(let raisedBy, let version): (job, modelVersion) = (raisedBy, version)
        case .cleared(let clearedBy): job = clearedBy
        case .shelved(let end): until = end
        case .closed(let said): label = said
        default: break
        }
        try connection.execute(
            """
            INSERT INTO auscult.alarm_event (alarm, event_type, who, reason, until, label, job, model_version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .int64(alarm), .text(event.name), .text(who), .text(reason), .timestamp(until), .text(label?.rawValue),
                .int64(job), .text(modelVersion),
            ])
    }

    private static func encoded(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}

extension WatchedMachine {
    fileprivate var parameters: [Parameter] { [.text(site), .text(machine.type), .text(machine.id)] }
}

extension Row {
    /// Of site, type and ID.
    fileprivate func watchedMachine(_ column: Int) throws -> WatchedMachine {
        WatchedMachine(site: try text(column), machine: try machine(column + 1))
    }

    fileprivate func decoded<Value: Decodable>(_ column: Int, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(try text(column).utf8))
    }

    fileprivate func watchedClip() throws -> WatchedClip {
        let judgement: JudgedClip.Judgement =
            if let score = try optionalDouble(5) {
                .scored(score, threshold: try optionalDouble(6), modelVersion: try text(7))
            } else {
                .sensorFault
            }
        return WatchedClip(
            machine: try watchedMachine(1),
            clip: JudgedClip(job: try int64(0), recordedAt: try timestamp(4), judgement: judgement))
    }

    /// Of verb, seconds and label.
    fileprivate func verb(_ column: Int) throws -> AlarmAct.Verb {
        switch try text(column) {
        case "acknowledge": .acknowledge
        case "shelve": .shelve(duration: Int64((try double(column + 1) * 1e6).rounded()))
        case "shelve-once": .shelve(duration: nil)
        case "unshelve": .unshelve
        case "take-out-of-service": .takeOutOfService
        case "return-to-service": .returnToService
        case "close": .close(try value(column + 2, as: AlarmLabel.self))
        default: .comment
        }
    }
}
