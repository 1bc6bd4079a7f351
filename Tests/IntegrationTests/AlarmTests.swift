import Foundation
import PostgreSQL
import Testing

/// From clips to an alarm and back, with real processes: the database is the judge.
@Suite(.serialized) struct AlarmTests {
    /// A plant of one machine, a cluster whose champion knows it, and its test clips.
    private func withChampion(_ body: (Cluster, _ type: String, _ clips: [String]) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "24", "--seed", "7"])
            let type = try #require(
                try FileManager.default.contentsOfDirectory(atPath: plant.path).first {
                    FileManager.default.fileExists(atPath: "\(plant.path)/\($0)/test")
                })
            let folder = "\(plant.path)/\(type)/test"
            let clips = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1)
            defer { cluster.stop() }
            try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
            try Command.succeed(
                ["train", "--dataset", "plant", "--model", "density"], environment: cluster.environment)
            try Command.succeed(["model", "promote", "density-1"], environment: cluster.environment)
            try body(cluster, type, clips)
        }
    }

    private func push(_ clips: some Sequence<String>, _ type: String, to cluster: Cluster) throws {
        try Command.succeed(
            ["push"] + clips + ["--machine", type, "--wait"], environment: cluster.environment)
    }

    private func alarms(of cluster: Cluster) throws -> [[String: Any]] {
        try Command.succeed(["alarm", "list", "--json"], environment: cluster.environment).objects()
    }

    @Test func anAlarmIsRaisedAcknowledgedAndEndsAcrossTheDeathOfABroker() throws {
        try withChampion { cluster, type, clips in
            let (strange, normal) = (clips.filter { $0.contains("anomaly") }, clips.filter { $0.contains("normal_") })
            try push(strange, type, to: cluster)
            try cluster.wait("select count(*) = 1 from auscult.alarm_now where kind = 'anomaly'")
            let alarm = try #require(try alarms(of: cluster).first)
            #expect(alarm["machine"] as? String == "\(type)/id_00")
            #expect(alarm["isa"] as? String == "B" && alarm["state"] as? String == "unacknowledged")
            #expect(try cluster.text("select state from auscult.machine_state") == "alarm")
            let number = "\(try #require(alarm["alarm"] as? Int))"

            try Command.succeed(["alarm", "ack", number], environment: cluster.environment)
            let again = try Command.run(["alarm", "ack", number, "--json"], environment: cluster.environment)
            #expect(again.status == 1)
            #expect(try again.objects().first?["refusal"] as? String == "nothing to acknowledge")
            let unknown = try Command.run(["alarm", "ack", "999999", "--json"], environment: cluster.environment)
            #expect(try unknown.objects().first?["refusal"] as? String == "unknown alarm")

            for broker in try cluster.processes(of: "broker") { kill(broker, SIGKILL) }
            try push(normal, type, to: cluster)
            try cluster.wait("select state = 'normal' from auscult.machine_state")
            #expect(try alarms(of: cluster).isEmpty)
            let story = "select string_agg(event_type, ' ' order by event) from auscult.alarm_events"
            #expect(try cluster.text(story) == "raised acknowledged cleared")

            try Command.succeed(
                ["alarm", "close", number, "--as", "confirmed-fault"], environment: cluster.environment)
            #expect(try cluster.text("select label from auscult.alarm_intervals") == "confirmed-fault")
        }
    }

    @Test func silenceAndShelvingFollowTheirOwnTimes() throws {
        try withChampion { cluster, type, clips in
            try Command.succeed(["alarm", "policy", type, "--silence", "1s"], environment: cluster.environment)
            try push(clips.filter { $0.contains("normal_") }, type, to: cluster)
            try cluster.wait("select state = 'no data' from auscult.machine_state")
            let alarm = try #require(try alarms(of: cluster).first)
            #expect(alarm["kind"] as? String == "no data")
            let number = "\(try #require(alarm["alarm"] as? Int))"
            let bare = try Command.run(["alarm", "shelve", number, "--json"], environment: cluster.environment)
            #expect(try bare.objects().first?["refusal"] as? String == "reason missing")
            try Command.succeed(
                ["alarm", "shelve", number, "--for", "1s", "--reason", "the gateway is moved"],
                environment: cluster.environment)
            try cluster.wait("select isa = 'B' from auscult.alarm_now")
            let story = "select string_agg(event_type, ' ' order by event) from auscult.alarm_events"
            #expect(try cluster.text(story) == "raised shelved unshelved")
        }
    }

    @Test func policiesThatCannotBeWorkedWithAreRefused() throws {
        let refused = try Command.run(["alarm", "policy", "fan", "--anomalous", "9", "--database", "postgresql://x"])
        #expect(refused.status != 0)
        #expect(try Command.run(["alarm", "policy", "fan/", "--clear", "5"]).status == 2)
        #expect(try Command.run(["alarm", "shelve", "1", "--for", "8 hours"]).status == 2)
    }
}
