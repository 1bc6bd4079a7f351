import Foundation
import Testing

/// What a person gets who types, or sends, something wrong.
@Suite(.serialized) struct BadInputTests {
    @Test func anUnreachableDatabaseIsSaidSo() throws {
        try withTemporaryDirectory { directory in
            let output = try Command.run([
                "up", "--data", directory.appending(path: "data").path, "--database",
                "postgresql://nobody@127.0.0.1:1/auscult",
            ])
            #expect(output.status == 3)
            #expect(output.errors.contains("127.0.0.1"))
        }
    }

    @Test func whatIsTakenIsSaidOnceAndNothingElseSuffers() throws {
        try withTemporaryDirectory { directory in
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1)
            defer { cluster.stop() }
            let second = try Command.run(["up", "--data", cluster.directory.path])
            #expect(second.status == 1)
            #expect(second.errors.contains("another 'auscult up' runs in \(cluster.directory.path)"))
            let url = try #require(URL(string: cluster.databaseURL))
            let other = try Command.run([
                "up", "--data", directory.appending(path: "other").path, "--listen",
                "tcp://127.0.0.1:\(try #require(url.port))",
            ])
            #expect(other.status == 1)
            #expect(other.errors.components(separatedBy: "cannot listen on").count == 2, "\(other.errors)")
            let password = try #require(url.password)
            let wrong = cluster.databaseURL.replacing(password, with: "wrong-word")
            for arguments in [["queue", "list"], ["db", "status"]] {
                let output = try Command.run(arguments + ["--database", wrong])
                #expect(output.status == 3)
                #expect(output.errors.contains("check the URL") && !output.errors.contains("wrong-word"))
            }
            #expect(try Command.run(["db", "status", "--database", "nonsense"]).status == 2)
            #expect(try cluster.count("select count(*) from auscult.clip") == 0)
        }
    }

    @Test func listeningForOthersIsRefused() throws {
        let output = try Command.run([
            "broker", "--listen", "tcp://0.0.0.0:7000", "--data", "/tmp/never-created",
            "--database", "postgresql://nobody@127.0.0.1:1/auscult",
        ])
        #expect(output.status == 1 || output.status == 2)
        #expect(output.errors.contains("loopback"))
    }

    @Test func usageErrorsExitWithTwo() throws {
        #expect(try Command.run(["push"]).status == 2)
        #expect(try Command.run(["nonsense"]).status == 2)
        #expect(try Command.run(["--help"]).status == 0)
    }

    /// Said before anything is asked of a cluster: there is none behind this address.
    @Test(arguments: [
        ("--model os-scl --channels logmel,sonar", "logmel,tgram,tfgram"),
        ("--model os-scl --channels tgram", "one of 'logmel'"),
        ("--model os-scl --channels logmel,logmel", "one of 'logmel'"),
        ("--model os-scl --score loudness", "hybrid"), ("--model density --score hybrid", "--score is for"),
        ("--model density --channels logmel", "--channels is for"), ("--model forest", "ear, density, os-scl"),
        ("--model os-scl --steps 0", "steps is 0"), ("--model os-scl --steps 5 --epochs 5", "not both"),
        ("--model os-scl --batch 1", "batch is 1"), ("--model os-scl --learning-rate 3", "learning rate"),
        ("--false-alarm-rate 0", "between 0 and 1"), ("--shard 0", "shard is 0"),
    ]) func badTrainingsAreUsageErrors(_ options: String, _ reason: String) throws {
        let output = try Command.run(
            ["train", "--dataset", "plant", "--database", "postgresql://nobody@127.0.0.1:1/auscult"]
                + options.split(separator: " ").map(String.init))
        #expect(output.status == 2, "\(options): \(output.status)")
        #expect(output.errors.contains(reason), "\(options): \(output.errors)")
    }

    @Test func badFilesAreNamedAndTheRestGoesOn() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "4", "--seed", "3"])
            let types = try FileManager.default.contentsOfDirectory(atPath: plant.path).filter { !$0.hasPrefix(".") }
            let type = try #require(types.first { FileManager.default.fileExists(atPath: "\(plant.path)/\($0)/test") })
            let folder = plant.appending(path: "\(type)/test")
            let good = try FileManager.default.contentsOfDirectory(atPath: folder.path).count
            let sample = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).first.map {
                    folder.appending(path: $0)
                })
            try Data("not a sound".utf8).write(to: folder.appending(path: "normal_id_00_90000001.wav"))
            try Data().write(to: folder.appending(path: "normal_id_00_90000002.wav"))
            try Data(contentsOf: sample).prefix(20_000).write(to: folder.appending(path: "normal_id_00_90000003.flac"))

            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1)
            defer { cluster.stop() }
            let output = try Command.run(
                ["push", folder.path, "\(folder.path)/absent.wav", "--machine", type, "--json"],
                environment: cluster.environment)
            #expect(output.status == 1)
            let lines = try output.objects()
            let rejected = lines.filter { $0["status"] as? String == "rejected" }
            #expect(rejected.count == 4)
            #expect(rejected.allSatisfy { $0["key"] is NSNull && $0["job"] is NSNull })
            for line in rejected {
                let name = try #require((line["path"] as? String)?.split(separator: "/").last)
                #expect((line["error"] as? String)?.contains(name) == true, "\(line)")
            }
            #expect(lines.count { $0["status"] as? String == "accepted" } == good)
            #expect(try cluster.count("select count(*) from auscult.clip") == good)
        }
    }
}
