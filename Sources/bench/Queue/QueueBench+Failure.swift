import Chaos
import FoundationEssentials
import Messaging
import Nodes
import Plant
import Synchronization

extension QueueBench {
    /// How long after the SIGKILL of its worker a job runs on another one.
    func failure() throws -> [QueueFigure] {
        try withCluster("failure") { cluster in
            let times = LoadTimes(count: kills)
            let fleet = try WorkerFleet(cluster.endpoint)
            var waits: [Double] = []
            var names = 2
            for trial in 0..<kills {
                try push(1, to: cluster, series: "kill-\(trial)", payload: Self.payload(64), times: times)
                let victim = try fleet.nextStart(attempt: 1)
                let killed = SteadyClock.microseconds
                fleet.kill(victim.worker)
                let successor = try fleet.nextStart(attempt: 2)
                waits.append(Double(successor.at - killed) / 1e6)
                names += 1
                try fleet.add("victim-\(names)")
            }
            try fleet.stop()
            let samples = Samples(waits)
            return [
                QueueFigure(
                    "SIGKILL -> running elsewhere, p50", samples.quantile(0.5), "s", .none, "\(samples.count) kills"),
                QueueFigure("SIGKILL -> running elsewhere, p99", samples.quantile(0.99), "s", .atMost(4)),
            ]
        }
    }
}

extension QueueBench {
    /// How long clips wait for a broker when the one that leads is killed or stopped.
    func failOver() throws -> [QueueFigure] {
        let trials = max(kills / 4, 1)
        let rate = 40.0
        let outcome = try FailOverRun(
            executable: executable, directory: "\(directory)/failover", trials: trials, rate: rate
        ).run()
        let remark = "\(trials) each, at \(Int(rate)) clips/s of 320 kB"
        return [
            QueueFigure(
                "broker fail-over after SIGKILL, p50", Samples(outcome.killed).quantile(0.5), "s", .none, remark),
            QueueFigure("broker fail-over after SIGKILL, worst", Samples(outcome.killed).quantile(1), "s", .atMost(5)),
            QueueFigure("broker fail-over after SIGSTOP, p50", Samples(outcome.stopped).quantile(0.5), "s"),
            QueueFigure("broker fail-over after SIGSTOP, worst", Samples(outcome.stopped).quantile(1), "s", .atMost(5)),
            QueueFigure(
                "fail-over: lost clips", Double(outcome.books.lost), "clips", .atMost(0),
                "of \(outcome.books.fed) recordings"),
            QueueFigure("fail-over: doubled results", Double(outcome.books.doubled), "rows", .atMost(0)),
        ]
    }
}

/// Worker processes that say when they start a job: `auscult-bench queue-worker`.
final class WorkerFleet {
    struct Start: Sendable {
        let worker: String
        let attempt: Int
        let at: Int64
    }

    private enum Event: Sendable {
        case line(String, worker: String)
        case ended(String)
    }

    private struct Line: Decodable {
        let event: String
        let attempt: Int?
        let atMicroseconds: Int64?
    }

    private let endpoint: Endpoint
    private let mailbox: Mailbox<Event>
    private let lifeline: Lifeline
    private var processes: [String: ChildProcess] = [:]
    private var threads: [NodeThread] = []
    private var unread: [Start] = []

    /// Starts two workers.
    init(_ endpoint: Endpoint) throws {
        self.endpoint = endpoint
        mailbox = try Mailbox()
        lifeline = try Lifeline()
        try add("victim-1")
        try add("victim-2")
    }

    /// Starts a worker and waits until the broker has welcomed it.
    func add(_ name: String) throws {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = try ChildProcess(
            executable: path, arguments: ["queue-worker", "--to", endpoint.description, "--name", name],
            environment: [:],
            lifeline: lifeline.readingEnd)
        processes[name] = process
        threads.append(
            try NodeThread.start(name) { [mailbox] in
                (
                    (),
                    {
                        _ = process.run { mailbox.post(.line($0, worker: name)) }
                        mailbox.post(.ended(name))
                    }
                )
            }.0)
        while try !read(until: { $0 == name }) {}
    }

    func kill(_ name: String) { processes.removeValue(forKey: name)?.kill() }

    /// Waits until a worker starts a job's attempt.
    func nextStart(attempt: Int) throws -> Start {
        while true {
            if let index = unread.firstIndex(where: { $0.attempt == attempt }) { return unread.remove(at: index) }
            _ = try read { _ in false }
        }
    }

    func stop() throws {
        for process in processes.values { process.kill() }
        for thread in threads { try thread.join() }
    }

    /// Reads what has come; true when a worker was welcomed that `isWanted`.
    private func read(until isWanted: (String) -> Bool) throws -> Bool {
        var found = false
        for event in mailbox.waitAndDrain() {
            switch event {
            case .line(let text, let worker):
                let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
                if line.event == "ready", isWanted(worker) { found = true }
                if line.event == "started", let attempt = line.attempt, let at = line.atMicroseconds {
                    unread.append(Start(worker: worker, attempt: attempt, at: at))
                }
            case .ended(let name):
                if processes[name] != nil { throw QueueBenchError("worker \(name) ended by itself") }
            }
        }
        return found
    }
}
