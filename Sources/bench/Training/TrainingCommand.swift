import ArgumentParser

/// Measures data-parallel training: speed beside PyTorch, equal bits, the cost of deaths.
struct TrainingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training",
        abstract: "Measure data-parallel training: speed beside PyTorch DDP, equal bits under faults, cost of deaths.",
        discussion: """
            Starts clusters of real processes under --data and trains the log-mel + Tgram network on a synthetic plant. \
            Needs the auscult program beside this one.

            scaling: one worker and two in turn, beside PyTorch's DistributedDataParallel with one process and two on \
            the same network and batch; medians over the steps after a run's first. faults: one training again and \
            again, by 1, 2, 3, 5, 8 and a changing number of workers, killed at every named point, and under --faults \
            random faults; prints each one's hash and what the ledger counted. deaths: what it costs when a worker or \
            the coordinator is killed.

            Example: auscult-bench training --peers /tmp/venv
                     auscult-bench training --rows faults --faults 30 --steps 50
            """)

    enum Rows: String, CaseIterable, ExpressibleByArgument { case scaling, deaths, faults }

    @Option(help: "A directory for the clusters; it is removed afterwards.")
    var data = "/tmp/auscult-bench-training"

    @Option(help: "Which rows, separated by commas: \(Rows.allCases.map(\.rawValue).joined(separator: ",")).")
    var rows = Rows.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: "Turns of everybody in the scaling row.")
    var rounds = 3

    @Option(help: "Steps of a turn.")
    var turn = 4

    @Option(help: "Clips per step of the scaling row; the others take 16 in shards of 4.")
    var batch = 64

    @Option(help: "How PyTorch works: eager or compiled, either with -channels-last or without.")
    var mode = "eager-channels-last"

    @Option(help: "Steps of each training in the faults row.")
    var steps = 50

    @Option(help: "Numbers of workers in the faults row.")
    var workers = "1,2,3,5,8"

    @Option(help: "Random faults.")
    var faults = 30

    @Option(help: "Kills of each service in the deaths row.")
    var kills = 5

    @OptionGroup var peers: PeerOptions

    @Flag(help: "Print one JSON object per row instead of the table.")
    var json = false

    func validate() throws {
        for row in rows.split(separator: ",") where Rows(rawValue: String(row)) == nil {
            throw ValidationError("there are no rows \"\(row)\"")
        }
        let modes = ["eager", "eager-channels-last", "compiled", "compiled-channels-last"]
        guard modes.contains(mode) else { throw ValidationError("--mode is one of \(modes.joined(separator: ", "))") }
        guard batch > 0, batch % 16 == 0 else { throw ValidationError("--batch is a multiple of 16") }
        guard rounds > 0, turn > 0, steps > 1, kills > 0, faults >= 0 else {
            throw ValidationError("--rounds, --turn and --kills are at least 1, --steps at least 2")
        }
    }

    func run() throws {
        let product = try QueueCommand.product
        if !json { Bench.say(QueueFigure.heading) }
        for row in rows.split(separator: ",").compactMap({ Rows(rawValue: String($0)) }) {
            let (batch, shard) = row == .scaling ? (batch, 8) : (16, 4)
            let bench = TrainingBench(directory: data, executable: product, batch: batch, shard: shard)
            for figure in try figures(of: row, bench) { Bench.say(json ? figure.json : figure.line) }
            try bench.removeAll()
        }
    }

    private func figures(of row: Rows, _ bench: TrainingBench) throws -> [QueueFigure] {
        switch row {
        case .scaling:
            try bench.scaling(rounds: rounds, steps: turn, peers: peers.chosen, mode: mode)
        case .deaths: try bench.deaths(kills: kills)
        case .faults:
            try bench.faults(
                steps: steps, counts: workers.split(separator: ",").compactMap { Int($0) }, faults: faults
            ) { Bench.say(json ? $0.json : $0.line) }
        }
    }
}
