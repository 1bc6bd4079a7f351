import ArgumentParser
import Glibc
import Ledger
import Plant
import PostgreSQL

/// Measures how fast the database takes accepted clips and results, and what that costs in write-ahead log.
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Measure durable accepts and results per second, and the write-ahead log per job.",
        discussion: """
            One connection, as in the broker: each batch of clips is accepted in one durable transaction and its \
            results are written in another. No clip bytes are written. Without --database a private server is started \
            under --data, with every commit flushed to disk.

            Example: auscult-bench ledger --jobs 200000 --batch 64 --data /var/tmp/auscult-bench
            """)

    @Option(help: "An empty directory on the disk to measure.")
    var data: String?

    @Option(help: "An empty database to measure instead.")
    var database: String?

    @Option(help: "How many jobs to run through.")
    var jobs = 100_000

    @Option(help: "Clips, and results, per transaction.")
    var batch = 64

    func validate() throws {
        guard (data == nil) != (database == nil) else { throw ValidationError("Give --data or --database.") }
        guard batch > 0, jobs >= batch else { throw ValidationError("Give at least one batch of jobs.") }
    }

    func run() throws {
        guard let data else { return try measure(database ?? "") }
        let server = try PrivateServer(directory: data)
        try server.start()
        do {
            try measure(server.databaseURL())
        } catch {
            try server.stop()
            throw error
        }
        try server.stop()
    }

    private func measure(_ url: String) throws {
        let connection = try Connection(url, applicationName: "auscult-bench")
        _ = try Migrator(connection).migrate()
        let ledger = PostgreSQLLedger(url, applicationName: "auscult-bench")
        let epoch = try ledger.openEpoch(holder: "auscult-bench")
        var made = 0
        var open: [Int64] = []

        let accepting = try phase(connection) {
            let clips = (made..<made + batch).map(clip)
            made += batch
            open = try ledger.accept(clips, epoch: epoch).map(\.job)
        }
        report("accept", accepting)
        let scoring = try phase(
            connection,
            prepare: {
                open = try ledger.accept((made..<made + batch).map(clip), epoch: epoch).map(\.job)
                made += batch
            }
        ) {
            try ledger.record(open.map(outcome), epoch: epoch)
        }
        report("result", scoring)
        let both = try phase(connection) {
            let clips = (made..<made + batch).map(clip)
            made += batch
            let accepted = try ledger.accept(clips, epoch: epoch)
            try ledger.record(accepted.map { outcome($0.job) }, epoch: epoch)
        }
        report("job", both)
    }

    /// What one phase cost, all told.
    private struct Cost {
        var seconds = 0.0
        /// Of this process, not of the server.
        var processorSeconds = 0.0
        var logBytes = 0.0
        var jobs = 0
    }

    /// Runs batches until all jobs are through; `prepare` makes what a batch needs and is not timed.
    private func phase(
        _ connection: Connection, prepare: () throws -> Void = {}, _ body: () throws -> Void
    ) throws -> Cost {
        var cost = Cost()
        while cost.jobs < jobs {
            try prepare()
            let log = try logPosition(connection)
            let start = ContinuousClock.now
            let processor = clock()
            try body()
            cost.processorSeconds += Double(clock() - processor) / Double(CLOCKS_PER_SEC)
            cost.seconds += (ContinuousClock.now - start) / .seconds(1)
            cost.logBytes += try logPosition(connection) - log
            cost.jobs += batch
        }
        return cost
    }

    private func report(_ what: String, _ cost: Cost) {
        let count = Double(cost.jobs)
        print(
            "\(what): \(Int(count / cost.seconds)) per second, \(Int(cost.logBytes / count)) bytes of log each, "
                + "\(Int(cost.processorSeconds / count * 1e9)) ns of client processor each (\(cost.jobs) in batches of \(batch))"
        )
    }

    private func logPosition(_ connection: Connection) throws -> Double {
        let rows = try connection.execute("SELECT (pg_current_wal_lsn() - '0/0')::double precision")
        guard let row = rows.first else { return 0 }
        return try row.double(0)
    }

    private func clip(_ number: Int) -> ClipRecord {
        ClipRecord(
            key: "clip-\(number)-of-\(getpid())", site: "site-\(number % 8)",
            machine: machines[number % machines.count],
            recordedAt: 1_700_000_000_000_000 + Int64(number) * 1_000, sha256: ContentHash(of: Array("\(number)".utf8)),
            format: .audio, name: "normal_id_0\(number % 4)_\(number).wav", channel: 0, feature: nil,
            location: SegmentLocation(
                segment: Int64(number / 4096), offset: Int64(number % 4096) << 18, length: 320_044))
    }

    private var machines: [MachineName] {
        (0..<4).compactMap { MachineName(type: "fan", id: "id_0\($0)") }
    }

    private func outcome(_ job: Int64) -> OutcomeRecord {
        let score = ScoreRecord(
            modelVersion: "density-1", score: Double(job % 97) / 97, logOdds: -1.5, threshold: 0.9, verdict: "normal",
            neighbourDistance: 0.25, flags: [], queueMilliseconds: 3.5, computeMilliseconds: 12.25)
        return OutcomeRecord(job: job, attempt: 1, worker: "worker-\(job % 2)", ending: .scored(score))
    }
}
