import Foundation
import Testing

/// A plant of one fan with a cluster that scores it, and a gateway that feeds its clips to the cluster one by one.
struct ScoringPlant {
    /// Every clip has its own content.
    let clips: [URL]
    let cluster: Cluster
    private let directory: URL

    var watched: URL { directory.appending(path: "watched") }
    var outbox: URL { directory.appending(path: "outbox") }

    /// Starts a cluster and makes a model champion of its fan.
    init(in directory: URL, clips count: Int, workers: Int = 2, options: [String] = []) throws {
        self.directory = directory
        let plant = directory.appending(path: "plant")
        try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "\(count)", "--seed", "7"])
        let files = try #require(FileManager.default.enumerator(at: plant, includingPropertiesForKeys: nil))
        clips = files.compactMap { $0 as? URL }.filter { $0.pathExtension == "wav" }.sorted { $0.path < $1.path }
        cluster = try Cluster(in: directory.appending(path: "data"), workers: workers, options: options)
        try FileManager.default.createDirectory(at: watched, withIntermediateDirectories: true)
        try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
        let training = try Command.succeed(
            ["train", "--dataset", "plant", "--model", "density", "--json"], environment: cluster.environment)
        let version = try #require(try training.objects().last?["modelVersion"] as? String)
        try Command.succeed(["model", "promote", version], environment: cluster.environment)
    }

    func startGateway() throws -> Service {
        try Service(
            [
                "gateway", "--watch", watched.path, "--outbox", outbox.path, "--machine", "fan/id_00",
                "--settle-milliseconds", "200",
            ], environment: cluster.environment)
    }

    /// Moves one clip in, as recorders do.
    func record(_ index: Int) throws {
        let part = watched.appending(path: "\(index).part")
        try FileManager.default.copyItem(at: clips[index], to: part)
        try FileManager.default.moveItem(at: part, to: watched.appending(path: "\(index).wav"))
    }

    /// Waits until every clip has its score, then holds the database's books against what was recorded.
    func everyClipIsScoredOnce(seconds: Double = 60) throws {
        // While the database is away there is no answer, and so not the one we wait for.
        try waitUntil("all clips scored", seconds: seconds) {
            (try? cluster.count("select count(distinct job) from auscult.result")) == clips.count
        }
        #expect(try cluster.count("select count(*) from auscult.clip") == clips.count)
        #expect(try cluster.count("select count(distinct sha256) from auscult.clip") == clips.count)
        #expect(try cluster.count("select count(*) from auscult.result") == clips.count)
        #expect(try cluster.count("select count(*) from auscult.dead_letter") == 0)
    }
}
