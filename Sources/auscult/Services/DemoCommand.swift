import ArgumentParser
import FoundationEssentials
import Glibc
import Ledger
import Nodes
import Plant
import PostgreSQL

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows a whole plant being heard, from sound files to AUC in SQL.",
        discussion: """
            Every step is a command you can type yourself; the demo prints it before it runs it. DIR stays behind:
            'auscult up --data DIR' brings the same cluster back.

            Example: auscult demo --data demo
            """)

    @Option(help: "Directory of the plant and the cluster.")
    var data = "auscult-demo"

    @Option(help: "Worker processes; one per core unless given.")
    var workers: Int?

    private static let dataset = "demo"

    func run() throws {
        let executable = try UpCommand.executable()
        let plant = "\(data)/plant"
        try step(executable, ["synth", plant, "--machines", "6", "--clips", "60", "--seed", "1"])

        let arguments = ["--data", data] + (workers.map { ["--workers", "\($0)"] } ?? [])
        Console.line("$ auscult up \(arguments.joined(separator: " ")) &")
        let cluster = try ClusterProcess(executable: executable, arguments: arguments)
        Console.line("$ export AUSCULT_DATA=\(data)")
        let environment = ["AUSCULT_DATA": data]

        try step(executable, ["dataset", "import", Self.dataset, plant], environment)
        try step(executable, ["train", "--dataset", Self.dataset], environment)
        let ledger = PostgreSQLLedger(cluster.address.databaseURL)
        guard let version = try ledger.models().first?.version else {
            throw CommandFailure("the training ended without a model")
        }
        try step(executable, ["model", "evaluate", version, "--dataset", Self.dataset], environment)
        try step(executable, ["model", "promote", version], environment)
        for type in try machineTypes(ledger) {
            try step(
                executable, ["push", "\(plant)/\(type)/test", "--machine", type, "--wait"], environment, quiet: true)
        }
        try showTable(cluster.address.analystURL ?? cluster.address.databaseURL)
        try cluster.stop()
        Console.line("\nThe cluster has stopped. 'auscult up --data \(data)' brings it back with everything it knows.")
    }

    /// Runs one command as the person would.
    private func step(
        _ executable: String, _ arguments: [String], _ environment: [String: String] = [:], quiet: Bool = false
    ) throws {
        Console.line("\n$ auscult \(arguments.joined(separator: " "))")
        let lifeline = try Lifeline()
        let command = try ChildProcess(
            executable: executable, arguments: arguments, environment: environment, lifeline: lifeline.readingEnd)
        var lines = 0
        let status = command.run {
            lines += 1
            if !quiet || lines <= 3 { Console.line($0) }
        }
        if quiet && lines > 3 { Console.line("… \(lines - 3) more lines") }
        guard status == 0 else {
            throw CommandFailure("'auscult \(arguments.joined(separator: " "))' ended with status \(status)")
        }
    }

    private func machineTypes(_ ledger: PostgreSQLLedger) throws -> [String] {
        let machines = try ledger.dataset(called: Self.dataset)?.machines.map(\.name.type) ?? []
        return Set(machines).sorted()
    }

    /// The scores of the pushed clips, judged in SQL by what their file names say.
    private func showTable(_ url: String) throws {
        let sql = """
            SELECT machine_type, machine_id, count(*), auscult.auc(score, name LIKE 'anomaly%'),
                   auscult.pauc(score, name LIKE 'anomaly%', 0.1)
            FROM auscult.results GROUP BY 1, 2 ORDER BY 1, 2
            """
        Console.line("\n$ psql \"$(auscult db url --role analyst)\" -c \"\(sql)\"\n")
        Console.line("machine        clips      AUC     pAUC")
        for row in try Connection(url).execute(sql) {
            let machine = "\(try row.text(0))/\(try row.text(1))".padded(to: 14)
            let clips = "\(try row.int64(2))".padded(to: 6, left: true)
            let areas = try [3, 4].map { column in
                let area = try row.optionalDouble(column)
                return (area.map { "\(($0 * 100).rounded(toPlaces: 1)) %" } ?? "none").padded(to: 9, left: true)
            }
            Console.line(machine + clips + areas.joined())
        }
    }
}

extension String {
    fileprivate func padded(to width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - count))
        return left ? space + self : self + space
    }
}
