import ArgumentParser
import FoundationEssentials
import Ledger
import Messaging
import Nodes
import Plant
import TestSupport
import Wire

/// Says to a broker, a worker and a coordinator, each a process of its own, what no honest peer says, and looks whether
/// they live, how much memory it costs, and how honest peers fare meanwhile.
struct FuzzBrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-broker",
        abstract:
            "Say what no honest peer says to a live broker, worker and coordinator, and do honest work meanwhile.",
        discussion: """
            Messages in good form with every field at its extremes, and random and mutated ones, over plain and CURVE \
            connections, in every role. Fails when a process ends, when one grows by more than --growth, or when an \
            honest gateway is slower than nine tenths of what it was undisturbed.

            Example: auscult-bench fuzz-broker --inputs 10000000 --seed 1
            """)

    @Option(help: "An empty directory; it is emptied afterwards.")
    var data = "/tmp/auscult-bench-fuzz"

    @Option(help: "How many messages to say in all.")
    var inputs = 100_000

    @Option(help: "The same seed makes the same messages.")
    var seed: UInt64 = 1

    @Option(help: "How many MB a process may grow.")
    var growth = 256.0

    @Option(help: "Clips per second that the honest gateway pushes.")
    var pace = 200.0

    @Option(help: "How much of the messages goes to the broker, the rest to worker and coordinator.")
    var brokerShare = 0.8

    func run() throws {
        var failures: [String] = []
        for secure in [false, true] {
            let bench = QueueBench(
                directory: data, executable: try QueueCommand.product, clips: 0, ingest: 0, kills: 0, soakSeconds: 0)
            try bench.withCluster(secure ? "curve" : "plain", secure: secure) { cluster in
                failures += try attackBroker(bench, cluster, secure: secure)
                for role in [Principal.Role.worker, .coordinator] {
                    failures += try attack(role, of: cluster, bench.executable, secure: secure)
                }
            }
        }
        for failure in failures { Bench.say("FAILED: \(failure)") }
        guard failures.isEmpty else { throw ExitCode(1) }
    }

    // MARK: the broker

    private func attackBroker(_ bench: QueueBench, _ cluster: BenchCluster, secure: Bool) throws -> [String] {
        let kind = secure ? "CURVE" : "plain"
        let clips = Int(pace * 20)
        _ = try bench.run(1_000, on: cluster, series: "warm", payload: QueueBench.payload(64))
        let calm = try bench.run(clips, on: cluster, series: "calm", payload: QueueBench.payload(64), pace: pace)
        let before = try ProcessUse(cluster.brokerProcess)
        let start = ContinuousClock.now
        let roles: [(WireRole, Principal.Role)] = [
            (.gateway, .gateway), (.worker, .worker), (.coordinator, .coordinator), (.operator, .operator),
        ]
        let share = Int(Double(inputs) * brokerShare / 2 / Double(roles.count))
        let said = Tally()
        let attackers = try roles.enumerated().map { index, role in
            let peer = HostilePeer(
                endpoint: cluster.endpoint, role: role.0, security: try cluster.security(role.1),
                seed: seed &* 1_000 &+ UInt64(index), messages: share)
            return try NodeThread.start("hostile-\(index)") { ((), { said.add(try peer.run()) }) }.0
        }
        let disturbed = try bench.run(clips, on: cluster, series: "stormy", payload: QueueBench.payload(64), pace: pace)
        for attacker in attackers { try attacker.join() }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let after = try ProcessUse(cluster.brokerProcess)
        let ratio = disturbed.rate(disturbed.sent, disturbed.acknowledged) / calm.rate(calm.sent, calm.acknowledged)
        Bench.say(
            "broker, \(kind): \(said.count) messages in \(Int(seconds)) s; resident \(Int(before.residentMegabytes)) MB, then "
                + "\(Int(after.residentMegabytes)), at most \(Int(after.peakMegabytes)); descriptors \(before.descriptors), "
                + "\(after.descriptors); an honest gateway at \(Int(pace)) clips/s kept \(Int(ratio * 100)) % of its rate"
        )
        var failures = try bench.conservation(clips, in: cluster, series: "stormy").filter { $0.value > 0 }.map(\.line)
        if after.peakMegabytes - before.residentMegabytes > growth { failures.append("the broker grew, \(kind)") }
        if ratio < 0.9 { failures.append("an honest gateway kept \(Int(ratio * 100)) %, \(kind)") }
        return failures
    }

    // MARK: workers and coordinators

    private func attack(
        _ role: Principal.Role, of cluster: BenchCluster, _ executable: String, secure: Bool
    ) throws -> [String] {
        let kind = secure ? "CURVE" : "plain"
        let security = secure ? try KeyFile.read(cluster.keyPath(.broker)).brokerSecurity() : .plain
        let broker = try HostileBroker(security: security, seed: seed &+ (role == .worker ? 1 : 2))
        var environment = ["AUSCULT_DATABASE": cluster.databaseURL]
        if secure { environment["AUSCULT_KEYS"] = cluster.keyPath(role) }
        let lifeline = try Lifeline()
        let child = try ChildProcess(
            executable: executable,
            arguments: [role.rawValue, "--to", broker.endpoint.description, "--name", "fuzzed"],
            environment: environment, lifeline: lifeline.readingEnd)
        let ended = Tally()
        let (thread, _) = try NodeThread.start("fuzzed") {
            (
                (),
                {
                    _ = child.run { _ in }
                    ended.add()
                }
            )
        }
        _ = try broker.run(1_000, for: .seconds(20))
        let before = try ProcessUse(child.identifier)
        let start = ContinuousClock.now
        let wanted = Int(Double(inputs) * (1 - brokerShare) / 4)
        let said = try broker.run(wanted, for: .seconds(1_200))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard ended.count == 0 else {
            try thread.join()
            return ["the \(role.rawValue) ended after \(said) messages, \(kind)"]
        }
        let after = try ProcessUse(child.identifier)
        child.terminate()
        _ = try broker.run(.max, for: .seconds(5))
        child.kill()
        try thread.join()
        Bench.say(
            "\(role.rawValue), \(kind): \(said) messages in \(Int(seconds)) s; resident \(Int(before.residentMegabytes)) MB, "
                + "then \(Int(after.residentMegabytes)), at most \(Int(after.peakMegabytes))")
        var failures: [String] = []
        if said < wanted { failures.append("the \(role.rawValue) took only \(said) of \(wanted) messages, \(kind)") }
        if after.peakMegabytes - before.residentMegabytes > growth {
            failures.append("the \(role.rawValue) grew, \(kind)")
        }
        return failures
    }
}
