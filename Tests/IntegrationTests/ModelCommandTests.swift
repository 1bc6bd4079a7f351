import Foundation
import Testing

/// Model versions by command, against a cluster of real processes.
@Suite(.serialized) struct ModelCommandTests {
    @Test func aVersionIsComparedCalibratedPromotedAndCarriedElsewhere() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "2", "--clips", "24", "--seed", "7"])
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 2)
            defer { cluster.stop() }
            func objects(_ arguments: [String]) throws -> [[String: Any]] {
                try Command.succeed(arguments + ["--json"], environment: cluster.environment).objects()
            }
            try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
            let trained = try objects(["train", "--dataset", "plant", "--model", "density"])
            let version = try #require(trained.last?["modelVersion"] as? String)

            // Too small a rate is refused with its reason, a possible one becomes a version of its own.
            let refused = try Command.run(
                ["model", "calibrate", version, "--dataset", "plant", "--rate", "0.0001"],
                environment: cluster.environment)
            #expect(refused.status == 1 && refused.errors.contains("needs 9999 normal clips"))
            let calibrated = try objects(
                ["model", "calibrate", version, "--dataset", "plant", "--rate", "0.25", "--method", "empirical"])
            let lines = calibrated.filter { $0["threshold"] != nil }
            #expect(lines.count == 2)
            #expect(lines.allSatisfy { $0["falseAlarmsPerDay"] as? Double == 2160 && $0["clips"] is Int })
            let other = try #require(calibrated.last?["modelVersion"] as? String)
            #expect(other != version)
            let shown = try #require(try objects(["model", "show", other]).first)
            #expect((shown["thresholds"] as? [[String: Any]])?.first?["method"] as? String == "empirical")

            // The same weights score the same.
            let compared = try objects(["model", "compare", version, other, "--dataset", "plant"])
            #expect((compared.last?["summary"] as? [String: Double])?["difference"] == 0)
            #expect(compared.filter { $0["machine"] != nil }.count == 2)

            let promoted = try objects(["model", "promote", version])
            #expect(promoted.count == 2 && promoted.allSatisfy { $0["now"] as? String == version })
            _ = try objects(["model", "promote", other])
            let back = try objects(["model", "rollback"])
            #expect(back.allSatisfy { $0["before"] as? String == other && $0["now"] as? String == version })

            // Out of the database, scored offline, and in again: the same version.
            let file = directory.appending(path: "model.safetensors").path
            try Command.succeed(["model", "export", other, file], environment: cluster.environment)
            #expect(try objects(["model", "import", file]).first?["modelVersion"] as? String == other)
            let machine = try #require(lines.first?["machine"] as? String).split(separator: "/")
            let scored = try Command.succeed([
                "score", plant.appending(path: "\(machine[0])/test").path, "--model", file, "--machine",
                String(machine[0]), "--json",
            ]).objects()
            #expect(scored.count > 4 && scored.allSatisfy { $0["score"] is Double && $0["verdict"] is String })
            // Where nobody can read the scores the command has failed.
            let unread = Process()
            unread.executableURL = URL(filePath: "/bin/bash")
            unread.arguments = [
                "-c", "exec \"$0\" score \"$1\" --model \"$2\" --machine \"$3\" --json > /dev/full 2> /dev/null",
                Command.binary.path, plant.appending(path: "\(machine[0])/test").path, file, String(machine[0]),
            ]
            try unread.run()
            unread.waitUntilExit()
            #expect(unread.terminationStatus == 1)

            // A clip that had to be repaired scores as the sound one does, and says so here and there.
            let sound = try #require(scored.first)
            let repaired = directory.appending(path: "repaired.wav")
            let samples = try Data(contentsOf: URL(filePath: try #require(sound["path"] as? String)))
            try (samples + Data(count: 512)).write(to: repaired)
            let name = try #require(sound["machine"] as? String)
            let offline = try #require(
                Command.succeed(["score", repaired.path, "--model", file, "--machine", name, "--json"]).objects().first)
            let online = try #require(objects(["push", repaired.path, "--machine", name, "--wait"]).first)
            for result in [offline, online] {
                #expect(result["score"] as? Double == sound["score"] as? Double)
                #expect((result["flags"] as? [String])?.contains("repaired") == true)
            }
            #expect((sound["flags"] as? [String])?.contains("repaired") == false)
            #expect(try objects(["model", "list"]).count == 2)

            // Why a clip is anomalous, as a picture: two log-mels of 313 frames, two points each.
            let failing = try #require(scored.compactMap { $0["path"] as? String }.first { $0.contains("/anomaly_") })
            let picture = directory.appending(path: "why.png")
            let explained = try #require(
                try Command.succeed([
                    "explain", failing, "--model", file, "--machine", String(machine[0]), "--out", picture.path,
                    "--json", "--among", plant.appending(path: "\(machine[0])/train").path,
                ]).objects().first)
            #expect((explained["nearest"] as? String)?.contains("/train/normal_") == true)
            #expect((explained["patch"] as? [String: Double])?.count == 5)
            let bytes = [UInt8](try Data(contentsOf: picture))
            #expect(Array(bytes.prefix(4)) == [0x89, 0x50, 0x4E, 0x47])
            #expect(Array(bytes[16..<24]) == [0, 0, 2, 114, 0, 0, 2, 8])
        }
    }

    /// A network trained for two steps knows little, but its hybrid score has thresholds, and both are judged.
    @Test func aNetworkIsJudgedByItsHybridScore() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "2", "--clips", "12", "--seed", "7"])
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 2)
            defer { cluster.stop() }
            func objects(_ arguments: [String]) throws -> [[String: Any]] {
                try Command.succeed(arguments + ["--json"], environment: cluster.environment).objects()
            }
            func judged(_ version: String, _ score: String...) throws -> String {
                let lines = try objects(["model", "evaluate", version, "--dataset", "plant"] + score)
                #expect(lines.count(where: { $0["aucLow"] is Double && $0["aucHigh"] is Double }) == 2)
                #expect((lines.last?["summary"] as? [String: Double])?.count == 3)
                return try #require(lines.last?["modelVersion"] as? String)
            }
            func settings(_ version: String) throws -> (score: String?, thresholds: Int?) {
                let shown = try #require(try objects(["model", "show", version]).first)
                return (
                    (shown["settings"] as? [String: String])?["score"], (shown["thresholds"] as? [Any])?.count
                )
            }
            _ = try objects(["dataset", "import", "plant", plant.path])
            let short = ["--channels", "logmel", "--steps", "2", "--batch", "4", "--shard", "2"]
            let trained = try objects(["train", "--dataset", "plant", "--model", "os-scl"] + short)
            let version = try #require(trained.last?["modelVersion"] as? String)
            #expect(try settings(version) == ("log-odds", 2))
            #expect(try judged(version) == version)
            #expect(try judged(version, "--score", "log-odds") == version)

            let hybrid = try judged(version, "--score", "hybrid")
            #expect(hybrid != version)
            #expect(try judged(version, "--score", "hybrid") == hybrid)
            #expect(try settings(hybrid) == ("hybrid", 2))

            // Two clips of each machine were held back: they support a third.
            let calibrated = try objects(["model", "calibrate", hybrid, "--rate", "0.34"])
            #expect(calibrated.filter { $0["clips"] as? Int == 2 }.count == 2)
            let refused = try Command.run(
                ["model", "calibrate", hybrid, "--rate", "0.3"], environment: cluster.environment)
            #expect(refused.status == 1 && refused.errors.contains("needs 3 normal clips"), "\(refused.errors)")

            // Trained for that score from the start, it is the same file.
            let again = try objects(["train", "--dataset", "plant", "--model", "os-scl", "--score", "hybrid"] + short)
            let files = try [hybrid, try #require(again.last?["modelVersion"] as? String)].map { version in
                let file = directory.appending(path: "\(version).safetensors")
                try Command.succeed(["model", "export", version, file.path], environment: cluster.environment)
                return try Data(contentsOf: file)
            }
            #expect(files[0] == files[1])

            // A density has one score, and kept none of its clips back.
            let density = try #require(
                try objects(["train", "--dataset", "plant", "--model", "density"]).last?["modelVersion"] as? String)
            for (arguments, reason) in [
                (["evaluate", density, "--dataset", "plant", "--score", "hybrid"], "one score only"),
                (["calibrate", density], "--dataset"),
            ] {
                let refused = try Command.run(["model"] + arguments, environment: cluster.environment)
                #expect(refused.status == 1 && refused.errors.contains(reason), "\(refused.errors)")
            }
        }
    }

    @Test(arguments: ["", "{}", "not a model"]) func damagedFilesAreRefused(_ content: String) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "model.safetensors")
            try Data(content.utf8).write(to: file)
            let output = try Command.run(["model", "import", file.path, "--database", "postgresql://127.0.0.1:1/x"])
            #expect(output.status == 1)
            #expect(output.errors.contains(file.path), "\(output.errors)")
        }
    }
}
