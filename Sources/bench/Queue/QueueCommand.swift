import ArgumentParser
import FoundationEssentials

/// Measures every row of what the queue promises.
struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Measure the queue: latency, durable throughput, failure, analysts, soak, fairness.",
        discussion: """
            Starts a private database and a real broker under --data and plays gateways and workers that do nothing, on \
            this host and beside them. Needs the auscult program beside this one. The folder takes some gigabytes.

            Example: auscult-bench queue --data /var/tmp/auscult-bench
                     auscult-bench queue --rows latency,noop --json
            """)

    enum Rows: String, CaseIterable, ExpressibleByArgument {
        case latency, ingest, noop, analysts, failure, failover, fairness, soak, clips
    }

    @Option(help: "An empty directory on the disk to measure; it is emptied afterwards.")
    var data = "/tmp/auscult-bench-queue"

    @Option(help: "Which rows, separated by commas: \(Rows.allCases.map(\.rawValue).joined(separator: ",")).")
    var rows = Rows.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: "Clips of each throughput run.")
    var clips = 100_000

    @Option(help: "Clips of 320 kB of each ingest run.")
    var ingest = 3_000

    @Option(help: "How often a worker is killed; a fourth as often, a broker.")
    var kills = 20

    @Option(help: "Seconds of the soak.")
    var soak = 180

    @Flag(help: "Print one JSON object per row instead of the table.")
    var json = false

    func validate() throws {
        for row in rows.split(separator: ",") where Rows(rawValue: String(row)) == nil {
            throw ValidationError("there are no rows \"\(row)\"")
        }
    }

    func run() throws {
        let bench = QueueBench(
            directory: data, executable: try Self.product, clips: clips, ingest: ingest, kills: kills, soakSeconds: soak
        )
        if !json { Bench.say(QueueFigure.heading) }
        for row in rows.split(separator: ",").compactMap({ Rows(rawValue: String($0)) }) {
            for figure in try figures(of: row, bench) {
                Bench.say(json ? figure.json : figure.line)
            }
        }
    }

    private func figures(of row: Rows, _ bench: QueueBench) throws -> [QueueFigure] {
        switch row {
        case .latency: try bench.latency()
        case .ingest: try bench.ingest(secure: false) + bench.ingest(secure: true)
        case .noop: try bench.noop(secure: false) + bench.noop(secure: true) + bench.noopWithPayload()
        case .analysts: try bench.analysts()
        case .failure: try bench.failure()
        case .failover: try bench.failOver()
        case .fairness: try bench.fairness()
        case .soak: try bench.soak()
        case .clips: try bench.realClips()
        }
    }

    /// The program that is measured, which is built beside this one.
    static var product: String {
        get throws {
            let folder = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
                .split(separator: "/").dropLast().joined(separator: "/")
            let path = "/\(folder)/auscult"
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw QueueBenchError("there is no \(path): type 'swift build -c release --product auscult' first")
            }
            return path
        }
    }
}
