import Foundation
import PostgreSQL
import Testing

/// A cluster whose database is in trouble, or full of people who want too much of it, while clips come in.
@Suite(.serialized) struct LiveDatabaseTests {
    /// The cluster's database as its administrator.
    private func administrator(of cluster: Cluster) throws -> Connection {
        let server = try PrivateServer(directory: cluster.directory.path)
        try server.start()
        return try Connection(server.url(role: PrivateServer.administrator, database: PrivateServer.database))
    }

    /// Locked for longer than a statement waits, refusing with states of every kind, without today's partition, cut off:
    /// every clip is scored once, and none was ever turned away.
    @Test func troubleIsNeverAVerdict() throws {
        try withTemporaryDirectory { directory in
            let plant = try ScoringPlant(in: directory, clips: 12)
            defer { plant.cluster.stop() }
            let gateway = try plant.startGateway()
            defer { gateway.stop() }
            let administrator = try administrator(of: plant.cluster)
            try administrator.executeScript(
                """
                CREATE FUNCTION public.trouble() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE 'Schwierigkeiten' USING ERRCODE = TG_ARGV[0]; END $$
                """)
            for index in plant.clips.indices {
                try plant.record(index)
                switch index {
                case 4:
                    try administrator.execute("BEGIN")
                    try administrator.execute("LOCK TABLE auscult.clip_key, auscult.result IN ACCESS EXCLUSIVE MODE")
                    try administrator.execute("SELECT pg_sleep(5)")
                    try administrator.execute("COMMIT")
                case 8, 10, 12, 14:
                    let state = [8: "57014", 10: "25006", 12: "XX001", 14: "42501"][index] ?? ""
                    for table in ["clip_key", "result"] {
                        try administrator.executeScript(
                            """
                            CREATE TRIGGER trouble BEFORE INSERT ON auscult.\(table)
                            FOR EACH ROW EXECUTE FUNCTION public.trouble('\(state)')
                            """)
                    }
                    try administrator.execute("SELECT pg_sleep(1)")
                    for table in ["clip_key", "result"] {
                        try administrator.executeScript("DROP TRIGGER trouble ON auscult.\(table)")
                    }
                case 18:
                    try administrator.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'auscult'")
                case 20: try administrator.executeScript("ALTER ROLE auscult SET statement_timeout = 1")
                default: break
                }
            }
            try plant.everyClipIsScoredOnce(seconds: 90)
        }
    }

    /// More connections than there are, locks by the thousand, transactions left open, statements that never end: the analyst
    /// is held to his share, and clips flow.
    @Test func aGreedyAnalystStopsNobody() throws {
        try withTemporaryDirectory { directory in
            let plant = try ScoringPlant(in: directory, clips: 12)
            defer { plant.cluster.stop() }
            let gateway = try plant.startGateway()
            defer { gateway.stop() }
            var analysts: [Connection] = []
            var refusals = 0
            for number in 0..<89 {
                do {
                    let analyst = try Connection(plant.cluster.analystURL)
                    try analyst.executeScript("SET statement_timeout = 0; SET lock_timeout = 0; SET work_mem = '64kB'")
                    try analyst.execute("BEGIN")
                    try analyst.execute("SELECT count(*) FROM results, queue_now, machine_health")
                    analysts.append(analyst)
                    // Refused, each of them.
                    let attempts = [
                        "SELECT pg_advisory_xact_lock(n) FROM generate_series(1, 50000) n",
                        "LOCK TABLE results IN ACCESS EXCLUSIVE MODE",
                    ]
                    for attempt in attempts.prefix(number % 5) {
                        #expect(throws: PostgreSQLError.self) {
                            try analyst.transaction { try analyst.execute(attempt) }
                        }
                    }
                } catch {
                    refusals += 1
                }
            }
            #expect(refusals >= 60)
            for index in plant.clips.indices { try plant.record(index) }
            try plant.everyClipIsScoredOnce(seconds: 90)
            withExtendedLifetime(analysts) {}
        }
    }
}
