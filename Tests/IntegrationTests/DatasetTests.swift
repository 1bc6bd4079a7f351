import Foundation
import Testing

/// A folder of clips as people keep it: relabelled, thinned out, with files that contradict each other.
@Suite(.serialized) struct DatasetTests {
    @Test func theDatasetIsWhatTheFolderNowSays() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "12", "--seed", "3"])
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1)
            defer { cluster.stop() }
            func run(_ arguments: [String]) throws -> (status: Int32, last: [String: Any], lines: [[String: Any]]) {
                let output = try Command.run(arguments + ["--json"], environment: cluster.environment)
                let lines = try output.objects()
                return (output.status, try #require(lines.last, "\(output.errors)"), lines)
            }
            let first = try run(["dataset", "import", "plant", plant.path])
            #expect(first.status == 0 && first.last["version"] as? Int == 1)
            let total = try #require(first.last["clips"] as? Int)
            #expect(try run(["dataset", "import", "plant", plant.path]).last["version"] as? Int == 1)
            let trained = try run(["train", "--dataset", "plant", "--model", "density"])
            #expect(trained.last["leftOutCount"] as? Int == 0)

            let test = plant.appending(path: "fan/test")
            func file(_ name: String) -> URL { test.appending(path: name) }
            try FileManager.default.moveItem(
                at: file("normal_id_00_00000000.wav"), to: file("anomaly_id_00_90000000.wav"))
            try FileManager.default.removeItem(at: file("normal_id_00_00000001.wav"))
            try FileManager.default.copyItem(
                at: file("normal_id_00_00000002.wav"), to: file("anomaly_id_00_90000002.wav"))
            let second = try run(["dataset", "import", "plant", plant.path])
            #expect(second.status == 1 && second.last["version"] as? Int == 2)
            #expect(second.last["clips"] as? Int == total - 2)
            let refused = second.lines.compactMap {
                $0["status"] as? String == "rejected" ? $0["path"] as? String : nil
            }
            #expect(
                refused.sorted() == ["fan/test/anomaly_id_00_90000002.wav", "fan/test/normal_id_00_00000002.wav"])
            #expect(try run(["dataset", "list"]).last["clips"] as? Int == total - 2)
            #expect(
                try run(["dataset", "show", "plant@1"]).last["testNormal"] as? Int
                    == (try run(["dataset", "show", "plant"]).last["testNormal"] as? Int ?? 0) + 3)
            let judged = try run(["model", "evaluate", "density-1", "--dataset", "plant"])
            let counts = try ["normal", "anomalous"].map { try #require(judged.last[$0] as? Int) }
            let held = try cluster.count(
                "select count(*) from auscult.dataset_clips where dataset = 'plant' and version = 2 and split = 'test'")
            #expect(counts[0] + counts[1] == held && judged.last["leftOutCount"] as? Int == 0)
            #expect(try cluster.texts("select dataset from auscult.model_versions") == ["plant"])
        }
    }
}
