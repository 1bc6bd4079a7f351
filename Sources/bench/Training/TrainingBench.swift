import Foundation

/// Trains the log-mel + Tgram network on clusters of real processes, and tells how fast and how surely.
struct TrainingBench {
    /// Emptied at the end.
    let directory: String
    let executable: String
    let batch: Int
    let shard: Int

    /// Synthesises the plant that is trained on, once.
    ///
    /// - Parameters:
    ///   - machines: two at least, since a network tells machines apart.
    ///   - clips: to train on, per machine.
    func plant(machines: Int, clips: Int) throws -> String {
        let folder = "\(directory)/plant-\(machines)-\(clips)"
        guard !FileManager.default.fileExists(atPath: folder) else { return folder }
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let synthesis = Process()
        synthesis.executableURL = URL(filePath: executable)
        synthesis.arguments = ["synth", folder, "--machines", "\(machines)", "--clips", "\(clips)", "--seed", "3"]
        synthesis.standardOutput = FileHandle.nullDevice
        synthesis.standardError = FileHandle.nullDevice
        try synthesis.run()
        synthesis.waitUntilExit()
        guard synthesis.terminationStatus == 0 else { throw QueueBenchError("no plant could be synthesised") }
        return folder
    }

    /// Gives a measurement a cluster with the plant imported, and stops it.
    func withCluster<Result>(
        _ name: String, workers: Int, plant: String, _ body: (TrainingCluster) throws -> Result
    ) throws -> Result {
        let cluster = try TrainingCluster(in: "\(directory)/\(name)", executable: executable, workers: workers)
        let result = Swift.Result {
            try cluster.command("dataset", "import", "plant", plant)
            return try body(cluster)
        }
        try cluster.stop()
        return try result.get()
    }

    /// Submits a training and returns its number.
    func submit(to cluster: TrainingCluster, steps: Int, validated interval: Int) throws -> Int {
        let lines = try cluster.command(
            "train", "--dataset", "plant", "--model", "os-scl", "--channels", "logmel,tgram", "--batch", "\(batch)",
            "--shard", "\(shard)", "--steps", "\(steps)", "--validation-interval", "\(interval)", "--seed", "7",
            "--detach", "--json")
        struct Submitted: Decodable { let run: Int }
        guard let line = lines.last else { throw QueueBenchError("auscult train said nothing") }
        return try JSONDecoder().decode(Submitted.self, from: Data(line.utf8)).run
    }

    func removeAll() throws { try FileManager.default.removeItem(atPath: directory) }
}
