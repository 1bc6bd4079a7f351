import ArgumentParser
import Ledger

struct ScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Says how many workers 'auscult up' is to run.",
        discussion: """
            Workers that are missing are started; those too many finish what they have in hand and end, and no job is \
            charged for it. The number lasts until the next 'auscult scale', also over a restart. Without a number it \
            says what was asked for and what runs.

            Example: auscult scale 4
            """)

    @Argument(help: "How many workers, 0 to 4096.") var workers: Int?
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    private struct Line: Encodable {
        let wanted: Int?
        let running: Int
        let draining: Int

        init(_ ledger: PostgreSQLLedger) throws {
            wanted = try ledger.fleetWish()?.workers
            let workers = try ledger.workers()
            running = workers.count
            draining = workers.count { $0.isDraining }
        }
    }

    func validate() throws {
        if let workers, !(0...4096).contains(workers) { throw ValidationError("'auscult scale' takes 0 to 4096") }
    }

    func run() throws {
        let ledger = try database.ledger()
        if let workers { try ledger.scale(to: workers) }
        let line = try Line(ledger)
        if output.json { return try Console.json(line) }
        let wanted = line.wanted.map { "\($0) workers wanted" } ?? "nobody has asked for a number of workers"
        Console.line("\(wanted), \(line.running) running" + (line.draining > 0 ? ", \(line.draining) draining" : ""))
    }
}
