internal import FoundationEssentials
internal import Glibc
internal import Nodes
internal import PostgreSQL

/// A plant of one machine with a trained model, and what its cluster has come to.
struct ChaosPlant {
    static let machine = "fan/id_00"

    /// WAV files of its machine.
    let recordings: [[UInt8]]

    /// Trains a model on a small plant and promotes it.
    ///
    /// - Parameter directory: gets the plant's files.
    init(on cluster: ChaosCluster, executable: String, directory: String) throws {
        let plant = "\(directory)/plant"
        let environment = ["AUSCULT_DATA": cluster.data]
        for command in [
            ["synth", plant, "--machines", "1", "--clips", "24", "--seed", "5"], ["dataset", "import", "plant", plant],
            ["train", "--dataset", "plant", "--model", "density"], ["model", "promote", "density-1"],
        ] {
            guard try Program.run(executable, command, environment: environment) == 0 else {
                throw ChaosError("auscult \(command.joined(separator: " ")) failed; its message is above")
            }
        }
        let folder = "\(plant)/fan/train"
        recordings = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().prefix(16).map {
            [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
        }
    }
}

/// The ledger's books over the recordings of a run: each must have ended, once.
package struct ChaosBooks: Encodable, Sendable {
    /// Recordings that were put before the gateways.
    package let fed: Int
    package let accepted: Int
    package let results: Int
    package let deadLetters: Int
    /// Recordings that have neither a result nor a dead letter.
    package let lost: Int
    /// Clips, results and endings that are there more than once.
    package let doubled: Int

    private static let patienceMilliseconds: Int64 = 120_000

    /// Waits until everything has ended, or until it is clear that it will not, and counts.
    init(fed: Int, settledOn cluster: ChaosCluster) throws {
        let connection = try cluster.connect()
        let deadline = SteadyClock.milliseconds + Self.patienceMilliseconds
        func count(_ question: String) throws -> Int { try connection.execute(question)[0].int(0) }
        let clips = "auscult.clip WHERE site LIKE 'chaos-%'"
        let jobs = "(SELECT job FROM \(clips))"
        let scored = "SELECT count(DISTINCT job)::int FROM auscult.result WHERE job IN \(jobs)"
        let dead = "SELECT count(*)::int FROM auscult.dead_letter WHERE job IN \(jobs)"
        while SteadyClock.milliseconds < deadline, try count(scored) + count(dead) < fed { poll(nil, 0, 500) }
        self.fed = fed
        accepted = try count("SELECT count(*)::int FROM \(clips)")
        results = try count("SELECT count(*)::int FROM auscult.result WHERE job IN \(jobs)")
        deadLetters = try count(dead)
        let contents = try count("SELECT count(DISTINCT sha256)::int FROM \(clips)")
        let ended = try count(
            """
            SELECT count(DISTINCT sha256)::int FROM \(clips) AND
            (job IN (SELECT job FROM auscult.result) OR job IN (SELECT job FROM auscult.dead_letter))
            """)
        let twice = try count(
            "SELECT count(*)::int FROM auscult.dead_letter WHERE job IN (SELECT job FROM auscult.result)")
        lost = fed - ended
        doubled = try (accepted - contents) + (results - count(scored)) + twice
    }
}
