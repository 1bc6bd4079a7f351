import ArgumentParser
import SwiftProtobuf
import Wire

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the queue and the workers at this moment.",
        discussion: "Example: auscult status --json")

    @OptionGroup var broker: BrokerOptions
    @OptionGroup var output: OutputOptions

    private struct Line: Encodable {
        struct Worker: Encodable {
            let name: String
            let host: String
            let process: UInt32
            let leased: UInt32
            let credits: UInt32
            let draining: Bool
            let finished: UInt64
            let doing: String
        }

        let epoch: UInt64
        let queuedClips: UInt64
        let queuedShards: UInt64
        let leased: UInt64
        let unwrittenResults: UInt64
        let accepted: UInt64
        let scored: UInt64
        let dead: UInt64
        let workers: [Worker]

        init(_ status: WireStatus) {
            epoch = status.epoch
            queuedClips = status.queuedClips
            queuedShards = status.queuedShards
            leased = status.leased
            unwrittenResults = status.unwrittenResults
            accepted = status.accepted
            scored = status.scored
            dead = status.dead
            workers = status.workers.map {
                Worker(
                    name: $0.name, host: $0.host, process: $0.process, leased: $0.leased, credits: $0.credits,
                    draining: $0.draining, finished: $0.finished, doing: $0.doing)
            }
        }
    }

    func run() throws {
        let answer = try broker.request(.askStatus(WireAskStatus()), as: "status")
        guard case .status(let status) = answer else {
            throw CommandFailure("the broker answered \(answer.command) to a question for its status")
        }
        let line = Line(status)
        if output.json { return try Console.json(line) }
        Console.line("epoch \(line.epoch)")
        Console.line("queued: \(line.queuedClips) clips, \(line.queuedShards) shards; \(line.leased) with workers")
        Console.line("since the broker started: \(line.accepted) accepted, \(line.scored) scored, \(line.dead) dead")
        for worker in line.workers {
            Console.line(
                "\(worker.name)\t\(worker.host), process \(worker.process)\t\(worker.leased) in hand, "
                    + "\(worker.finished) finished\t\(worker.draining ? "draining" : worker.doing)")
        }
    }
}
