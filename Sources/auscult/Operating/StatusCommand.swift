import ArgumentParser
import Glibc
import Ledger
import Nodes
import SwiftProtobuf
import Wire

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the queue and the workers at this moment.",
        discussion: """
            Depth, rates and latencies of the last minute, and what each worker does. The same in SQL: the views \
            queue_now, queue_rates, queue_pauses and workers. Rates and latencies come from the database; without one \
            the rest is shown.

            Example: auscult status --watch
            """)

    @Flag(help: "Show it again and again, until Ctrl-C.") var watch = false
    @Option(help: ArgumentHelp("How long --watch waits in between.", valueName: "seconds")) var every = 2
    @OptionGroup var broker: BrokerOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...3600).contains(every) { throw ValidationError("--every takes 1 to 3600 seconds") }
    }

    func run() throws {
        let ledger = try knownLedger()
        guard watch else { return try show(ClusterStatus(ask(), queue: ledger?.queueStatus())) }
        let stop = StopSignal()
        repeat {
            do {
                let status = ClusterStatus(try ask(), queue: try ledger?.queueStatus())
                // Over the picture before, so that the eye finds everything in its place.
                if !output.json, isatty(STDOUT_FILENO) == 1 { Console.write("\u{1b}[H\u{1b}[2J", to: STDOUT_FILENO) }
                try show(status)
            } catch {
                // Whoever watches wants to see the cluster come back.
                Console.note("\(error)")
            }
        } while !stop.wait(milliseconds: every * 1000)
    }

    /// Nil when nobody has said where the database is.
    private func knownLedger() throws -> PostgreSQLLedger? {
        do {
            return try database.ledger()
        } catch let failure as CommandFailure where database.database == nil && broker.endpoint != nil {
            Console.note("without rates and latencies: \(failure.description)")
            return nil
        }
    }

    private func ask() throws -> WireStatus {
        let answer = try broker.request(.askStatus(WireAskStatus()), as: "status")
        guard case .status(let status) = answer else {
            throw CommandFailure("the broker answered \(answer.command) to a question for its status")
        }
        return status
    }

    private func show(_ status: ClusterStatus) throws {
        if output.json { return try Console.json(status) }
        for line in status.lines { Console.line(line) }
    }
}
