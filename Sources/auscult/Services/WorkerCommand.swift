import ArgumentParser
import Ledger
import Nodes
import SwiftProtobuf
import Wire

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Runs a worker; lists the workers and drains one.",
        discussion: """
            Example: auscult worker --to ipc:///var/lib/auscult/broker.ipc --name worker-1
                     auscult worker list
                     auscult worker drain worker-1
            """,
        subcommands: [WorkerServiceCommand.self, List.self, Drain.self], defaultSubcommand: WorkerServiceCommand.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The workers, and what each is at.",
            discussion: """
                As the broker wrote it down, a few seconds ago at most; the view 'workers' says the same.

                Example: auscult worker list --json
                """)

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let name: String
            let host: String
            let process: Int
            let leased: Int
            let credits: Int
            let draining: Bool
            let finished: Int64
            let doing: String

            init(_ worker: WorkerRecord) {
                name = worker.name
                host = worker.host
                process = worker.process
                leased = worker.leased
                credits = worker.credits
                draining = worker.isDraining
                finished = worker.finished
                doing = worker.doing
            }
        }

        func run() throws {
            for line in try database.ledger().workers().map(Line.init) {
                if output.json {
                    try Console.json(line)
                } else {
                    Console.line(
                        "\(line.name)\t\(line.host), process \(line.process)\t\(line.leased) in hand, "
                            + "\(line.finished) finished\t\(line.draining ? "draining" : line.doing)")
                }
            }
        }
    }

    struct Drain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a worker finish what it runs and end.",
            discussion: """
                What only waits at the worker goes elsewhere at once; no job is charged an attempt. Under 'auscult up' \
                the worker stays away until the next 'auscult scale'.

                Example: auscult worker drain worker-1
                """)

        @Argument(help: "The worker's name.") var name: String
        @OptionGroup var broker: BrokerOptions

        func run() throws {
            let answer = try broker.request(.drainWorker(.with { $0.worker = name }), as: "drain")
            guard case .done = answer else {
                throw CommandFailure("the broker answered \(answer.command) to the order to drain \(name)")
            }
            Console.note("worker \(name) is asked to finish and end")
        }
    }
}
