import FoundationEssentials
import Glibc
import Ledger
import Nodes
import Plant
import PostgreSQL

/// Fills a private server with a year, asks the twelve questions, and lets the broker die.
final class YearBench {
    struct Answer: Encodable {
        let question: String
        let coldSeconds: Double
        let warmSeconds: Double
        let planningSeconds: Double
        let rows: Int
        /// Months of results that were read from end to end, of all there are.
        let monthsRead: Int
        let months: Int
    }

    struct Summary: Encodable {
        let results: Int
        let ingestPerSecond: Double
        let rollUpSeconds: Double
        let epochSeconds: Double
        let queueNowSeconds: Double
        let failOverSeconds: Double
        /// Of 500 000 rows, and of all rows up to ten million.
        let aucSeconds: Double
        let aucLargeSeconds: Double
        let aucLargeRows: Int
        let bytesPerResult: Double
    }

    private let directory: String
    private let plant: YearPlant
    private let server: PrivateServer
    private let executable: String?
    private let note: (String) -> Void
    private var (results, ingestSeconds, rollUpSeconds) = (0, 0.0, 0.0)

    /// - Parameter executable: the `auscult` program, whose broker is killed; none where nil.
    init(_ directory: String, plant: YearPlant, executable: String?, note: @escaping (String) -> Void) throws {
        (self.directory, self.plant, self.executable, self.note) = (directory, plant, executable, note)
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        server = try PrivateServer(directory: directory)
        try server.start()
        _ = try Migrator(server.databaseURL()).migrate()
    }

    func stop() throws { try server.stop() }

    // MARK: fill

    func fill() throws {
        let connection = try Connection(server.databaseURL(), applicationName: "year")
        try addModels(connection)
        var clips = 0
        // The plant is older than the schema.
        try connection.execute("UPDATE auscult.rollup SET until = '2000-01-01'")
        for age in 0..<plant.days {
            let day = plant.firstDay + age
            let rows = plant.rows(ofDay: day)
            try connection.execute("SELECT auscult.make_partition($1::integer)", [.int(day)])
            let start = ContinuousClock.now
            try copy(rows.text, connection)
            ingestSeconds += (ContinuousClock.now - start) / .seconds(1)
            try addClips(ofDay: day, after: clips, connection)
            (clips, results) = (clips + rows.clips, results + rows.results)
            if age % 30 == 29 || age == plant.days - 1 {
                let rolling = ContinuousClock.now
                try connection.execute("ANALYZE auscult.result")
                let hours = try connection.execute(
                    "SELECT auscult.roll_up((SELECT max(scored_at) + interval '10 minutes' FROM auscult.result))"
                )[0].int64(0)
                rollUpSeconds += (ContinuousClock.now - rolling) / .seconds(1)
                let rate = Int(Double(results) / ingestSeconds)
                note("\(age + 1) days, \(results) results, \(rate)/s, \(hours) hours summed up")
            }
        }
        try connection.execute("SELECT setval('auscult.job_counter', $1)", [.int(max(1, clips))])
        try connection.execute("UPDATE auscult.broker_epoch SET settled = (SELECT max(job) FROM auscult.clip)")
        for table in ["result", "clip", "machine_hour", "machine_day", "evaluation_score", "promotion"] {
            try connection.execute("VACUUM ANALYZE auscult.\(table)")
        }
    }

    private func copy(_ text: [UInt8], _ connection: Connection) throws {
        var rest = text[...]
        try connection.copy("COPY auscult.result (\(YearPlant.columns)) FROM STDIN") {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(1 << 20) }
            return Array(rest.prefix(1 << 20))
        }
    }

    private func addClips(ofDay day: Int, after clips: Int, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO auscult.job_day (day, counter, calendar)
            VALUES ($1, $2, date '1970-01-01' + $1::integer) ON CONFLICT DO NOTHING
            """, [.int(day), .int(clips)])
        try connection.execute(
            """
            INSERT INTO auscult.clip (job, accepted_at, recorded_at, segment, position, length, channel, priority, site, key,
                machine_type, machine_id, name, sha256, format)
            SELECT job, accepted_at, recorded_at, 1, (job & 1023) << 19, 320044, 0, 1, site, key, machine_type, machine_id,
                name, decode(md5(key) || md5(name), 'hex'), 'audio'
            FROM auscult.result WHERE job >= $1 AND job < $2 AND model_version = $3
            """, [.int(day << 32), .int((day + 1) << 32), .text(YearPlant.versions[0])])
    }

    /// Two versions, who was champion when, and what they made of labelled clips.
    private func addModels(_ connection: Connection) throws {
        try connection.executeScript(
            """
            INSERT INTO auscult.dataset (name, base) VALUES ('labelled', 'labelled') ON CONFLICT DO NOTHING;
            INSERT INTO auscult.model_version (version, kind, machines, feature, metadata, weights_hash, file_sha256, file)
            SELECT version, 'density', '{}', '{}', '{}', '', version::bytea, ''
            FROM unnest(ARRAY['\(YearPlant.versions.joined(separator: "','"))']) AS version;
            """)
        let names = plant.machines.map(\.description)
        for (number, days) in [(0, plant.days), (1, YearPlant.rescoredDays - 3)] {
            try connection.execute(
                """
                INSERT INTO auscult.promotion (machine, version, promoted_at, promoted_by)
                SELECT machine, $2, now() - make_interval(days => $3::integer), 'maria@line-0' FROM unnest($1) AS machine
                """, [.texts(names), .text(YearPlant.versions[number]), .int(days)])
        }
        // As many machines as a study labels.
        try connection.execute(
            """
            INSERT INTO auscult.evaluation_score (version, dataset, path, machine_type, machine_id, is_anomaly, score)
            SELECT version, 'labelled', machine || '/' || clip, split_part(machine, '/', 1), split_part(machine, '/', 2),
                clip % 2 = 0, clip % 2 * -0.8 + random()
            FROM unnest($1) AS machine, unnest($2) AS version, generate_series(1, 100) AS clip
            """, [.texts(Array(names.prefix(40))), .texts(YearPlant.versions)])
        try connection.execute(
            """
            INSERT INTO auscult.evaluation_interval (version, dataset, machine_type, machine_id, auc_low, auc_high,
                pauc_low, pauc_high)
            SELECT DISTINCT version, dataset, machine_type, machine_id, 0.5, 1.0, 0.5, 1.0 FROM auscult.evaluation_score
            """)
    }

    // MARK: ask

    /// - Parameter isCold: also asks each question of a server that has just started.
    func ask(cold isCold: Bool) throws -> [Answer] {
        try YearQuestion.all.map { question in
            var cold = 0.0
            if isCold {
                try server.stop()
                try server.start()
                forgetFiles()
                cold = try question.ask(try Connection(server.analystURL()), number: 0).seconds
            }
            let analyst = try Connection(server.analystURL(), applicationName: "year")
            let times = try (1...5).map { try question.ask(analyst, number: $0) }
            let plan = try question.plan(analyst)
            let months = try Connection(server.databaseURL()).execute(
                "SELECT count(*) FROM pg_inherits WHERE inhparent = 'auscult.result'::regclass")[0].int(0)
            return Answer(
                question: question.title, coldSeconds: cold, warmSeconds: times.map(\.seconds).sorted()[2],
                planningSeconds: plan.planningMilliseconds / 1000, rows: times[0].rows, monthsRead: plan.monthsRead,
                months: months)
        }
    }

    /// Where we may, the files that the system remembers as well.
    private func forgetFiles() {
        sync()
        let file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = write(file, "1", 1)
    }

    func summary() throws -> Summary {
        let connection = try Connection(server.databaseURL(), applicationName: "year")
        let bytes = try connection.execute(
            """
            SELECT sum(pg_total_relation_size(inhrelid))::double precision
            FROM pg_inherits WHERE inhparent = 'auscult.result'::regclass
            """)[0].double(0)
        let analyst = try Connection(server.analystURL(), applicationName: "year")
        _ = try analyst.execute("SELECT count(*) FROM results WHERE recorded_at >= now() - interval '1 day'")
        let large = min(results, 10_000_000)
        let epoch = try seconds {
            _ = try PostgreSQLLedger(server.databaseURL(), applicationName: "year").openEpoch(holder: "year")
        }
        return Summary(
            results: results, ingestPerSecond: Double(results) / max(ingestSeconds, 1e-9), rollUpSeconds: rollUpSeconds,
            epochSeconds: epoch,
            queueNowSeconds: try median { try analyst.execute("SELECT * FROM queue_now /* \($0) */") },
            failOverSeconds: try failOver(),
            aucSeconds: try seconds { try auc(of: min(results, 500_000), analyst) },
            aucLargeSeconds: try seconds { try auc(of: large, analyst) }, aucLargeRows: large,
            bytesPerResult: bytes / Double(max(results, 1)))
    }

    private func auc(of rows: Int, _ connection: Connection) throws {
        try connection.execute(
            "SELECT auc(score, verdict = 'anomalous') FROM (SELECT score, verdict FROM results LIMIT \(rows)) AS clip")
    }

    /// From the SIGKILL of a broker that leads until the next one, which starts only then, accepts clips.
    private func failOver() throws -> Double {
        guard let executable else { return 0 }
        let first = try BenchCluster(in: directory, executable: executable)
        kill(first.brokerProcess, SIGKILL)
        return try seconds {
            let second = try BenchCluster(in: directory, executable: executable)
            kill(second.brokerProcess, SIGTERM)
        }
    }

    private func seconds(_ body: () throws -> Void) throws -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .seconds(1)
    }

    private func median(_ body: (Int) throws -> Void) throws -> Double {
        try (0..<5).map { number in try seconds { try body(number) } }.sorted()[2]
    }
}
