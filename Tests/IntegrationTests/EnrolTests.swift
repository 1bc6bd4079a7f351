import Foundation
import Testing

/// Machines that the trained model does not know: one enrolled by a person, one learned from what is pushed.
@Suite(.serialized) struct EnrolTests {
    private func clips(of seed: Int, in directory: URL) throws -> URL {
        let plant = directory.appending(path: "plant-\(seed)")
        try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "24", "--seed", "\(seed)"])
        return plant.appending(path: "fan")
    }

    @Test func newMachinesAreHeardBesideTheirPeers() throws {
        try withTemporaryDirectory { directory in
            let known = try clips(of: 7, in: directory)
            let (enrolled, learned) = (try clips(of: 8, in: directory), try clips(of: 9, in: directory))
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1)
            defer { cluster.stop() }
            let plant = known.deletingLastPathComponent().path
            try Command.succeed(["dataset", "import", "plant", plant], environment: cluster.environment)
            let training = try Command.succeed(
                ["train", "--dataset", "plant", "--json"], environment: cluster.environment
            ).objects()
            #expect(training.last?["modelVersion"] as? String == "ear-1")
            try Command.succeed(["model", "promote", "ear-1"], environment: cluster.environment)

            let enrolment = try #require(
                try Command.succeed(
                    ["enrol", "fan/id_07", enrolled.appending(path: "train").path, "--json"],
                    environment: cluster.environment
                ).objects().last)
            #expect(enrolment["promoted"] as? Bool == true && enrolment["clips"] as? Int == 24)
            #expect(enrolment["threshold"] is Double && enrolment["proxyAUC"] is Double)
            #expect(enrolment["modelVersion"] as? String == "ear-2")

            // Nobody is asked: the clips wait until there are twenty, and are scored by what was learned of them.
            let pushed = try Command.succeed(
                ["push", learned.appending(path: "train").path, "--machine", "fan/id_08", "--wait", "--json"],
                environment: cluster.environment
            ).objects()
            #expect(pushed.count == 24 && pushed.allSatisfy { $0["modelVersion"] as? String == "ear-3" })
            #expect(pushed.allSatisfy { ($0["reason"] as? String)?.contains(" normal clips") == true })
            let champions = "select count(*) from auscult.champions where (machine, version) in "
            #expect(
                try cluster.count(
                    champions + "(('fan/id_00', 'ear-1'), ('fan/id_07', 'ear-2'), ('fan/id_08', 'ear-3'))") == 3)
            #expect(try cluster.count("select count(*) from auscult.machines_learning") == 0)

            // Another fan's clips are strange, and SQL says why.
            try Command.succeed(
                ["push", enrolled.appending(path: "test").path, "--machine", "fan/id_08", "--wait"],
                environment: cluster.environment)
            let anomalous = "select count(*) from auscult.results where verdict = 'anomalous'"
            #expect(try cluster.count(anomalous) > 0)
            #expect(try cluster.count(anomalous + " and (reason is null or jsonb_array_length(shares) <> 5)") == 0)
            #expect(
                try cluster.count(
                    "select count(*) from auscult.results where verdict = 'normal' and reason is not null")
                    == 0)
        }
    }
}
