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
            #expect(try objects(["model", "list"]).count == 2)
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
