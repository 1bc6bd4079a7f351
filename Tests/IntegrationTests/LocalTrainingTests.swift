import Foundation
import Testing

/// `auscult train --mode local` on real processes, some of which are killed.
@Suite(.serialized) struct LocalTrainingTests {
    /// Two synchronous steps, four rounds of five steps, two synchronous steps.
    private static let options = [
        "train", "--dataset", "plant", "--model", "os-scl", "--steps", "24", "--batch", "4", "--shard", "2", "--mode",
        "local", "--replicas", "3", "--round-steps", "5", "--warm-up-steps", "2", "--finish-steps", "2", "--json",
    ]

    @Test func killedWorkersAndCoordinatorsChangeNoBit() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            _ = try LogMelPlant(in: plant, clips: 24)
            let hashes = try [1, 3].map { workers in
                let cluster = try Cluster(in: directory.appending(path: "data-\(workers)"), workers: workers)
                defer { cluster.stop() }
                try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
                if workers > 1 {
                    try Command.succeed(Self.options + ["--detach"], environment: cluster.environment)
                    for step in [2, 7, 12, 17] {
                        try cluster.wait("select count(*) > 0 from auscult.training_step where step >= \(step)")
                        for service in step == 12 ? ["worker", "coordinator"] : ["worker"] {
                            kill(try cluster.process(of: service), SIGKILL)
                        }
                    }
                    try cluster.wait("select state = 'done' from auscult.run", seconds: 120)
                } else {
                    let done = try #require(
                        try Command.succeed(Self.options, environment: cluster.environment).objects().last)
                    #expect(done["event"] as? String == "done" && done["steps"] as? Int == 24)
                }
                #expect(try cluster.count("select count(*) from auscult.training_step") == 8)
                #expect(try cluster.count("select max(step) from auscult.training_step") == 24)
                // Every replica counts once in every round.
                #expect(try cluster.count("select count(*) from auscult.run_shard where phase = 6") == 12)
                #expect(
                    try cluster.count("select count(distinct (step, shard)) from auscult.run_shard where phase = 6")
                        == 12)
                return try cluster.texts(
                    "select encode(weights_hash, 'hex') from auscult.training_step order by step")
                    + cluster.texts("select encode(weights_hash, 'hex') from auscult.run")
            }
            #expect(hashes[0] == hashes[1])
            #expect(Set(hashes[0]).count == 9)
        }
    }

    @Test func optionsThatDoNotFitAreRefused() throws {
        let train = ["train", "--dataset", "plant", "--model", "os-scl"]
        for (options, word) in [
            (["--mode", "remote"], "sync, local"), (["--replicas", "3"], "--mode local"),
            (["--mode", "local", "--replicas", "0"], "replicas"),
            (["--mode", "local", "--averaging", "median"], "nesterov, mean, fedavg"),
            (["--mode", "local", "--exchange", "int4"], "int8, float32"),
            (["--mode", "local", "--fixed-norms", "2"], "fixedNorms"),
            (["--mode", "local", "--teacher"], "mode sync"), (["--recipe", "mine"], "published"),
            (["--ema", "1.5"], "warm-up"), (["--channels", "tgram"], "logmel,tgram"), (["--width", "9"], "width"),
            (["--sub-centres", "0"], "subCentres"), (["--crop", "0"], "crop"),
            (["--steps", "9", "--swa", "10"], "swa"),
            (["--teacher-weight", "1"], "teacher"), (["--steps", "9", "--epochs", "1"], "not both"),
        ] {
            let output = try Command.run(train + options)
            #expect(output.status == 2)
            #expect(output.errors.contains(word), "\(options): \(output.errors)")
        }
        for options in [["--mode", "local"], ["--attention"], ["--ema", "warm-up"], ["--crop", "1"]] {
            #expect(try Command.run(["train", "--dataset", "plant"] + options).status == 2, "\(options)")
        }
    }

    /// Half the width, crops and a teacher: `plan` counts with the network that `train` would train.
    @Test func plansAreOfTheNetworkThatIsAskedFor() throws {
        func advice(_ options: [String]) throws -> [String: Any] {
            let plan = ["plan", "--workers", "4", "--link-mbit", "1000", "--clips", "2000", "--shard-seconds", "1"]
            return try #require(Command.succeed(plan + ["--json"] + options).objects().last)
        }
        let sizes = try [[], ["--width", "0.5"], ["--attention"], ["--sub-centres", "2"], ["--crop", "1"]].map {
            options in
            try #require(advice(["--channels", "logmel"] + options)["parameters"] as? Int)
        }
        #expect(sizes[1] < sizes[0] / 2 && sizes[4] < sizes[0])
        #expect(sizes[2] == sizes[0] + 2 * 64 * 313 + 64 * 9)
        #expect(sizes[3] == sizes[0] + 41 * 128)
    }
}
