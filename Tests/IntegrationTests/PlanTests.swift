import Testing

@Suite struct PlanTests {
    private static let fleet = ["plan", "--workers", "5", "--link-mbit", "1000", "--clips", "20000"]

    @Test func itSaysWhichExchangeSuits() throws {
        let times = ["--shard-seconds", "2", "--tail-seconds", "0.5", "--json", "--channels", "logmel"]
        let lines = try Command.succeed(Self.fleet + times).objects()
        #expect(lines.count { $0["event"] as? String == "estimate" } == 5)
        let advice = try #require(lines.last)
        #expect(advice["stage"] as? String == "star" && advice["available"] as? String == "star")
        #expect(advice["shards"] as? Int == 8 && advice["shardSeconds"] as? Double == 2)
        let text = try Command.succeed(Self.fleet + ["--shard-seconds", "2"]).lines
        #expect(text.contains { $0.hasPrefix("use star: auscult train --mode sync") })
    }

    /// The times are taken from the real network where none are given.
    @Test func itTimesTheNetworkItself() throws {
        let small = ["--channels", "logmel", "--batch", "2", "--shard", "1", "--json"]
        let advice = try #require(try Command.succeed(Self.fleet + small).objects().last)
        #expect(try #require(advice["shardSeconds"] as? Double) > 0.001)
        #expect(try #require(advice["optimiserSeconds"] as? Double) > 0)
    }

    @Test func whatMakesNoPlanIsRefused() throws {
        for (options, word) in [
            (["--workers", "0"], "--workers"), (["--link-mbit", "-1"], "--link-mbit"), (["--clips", "0"], "--clips"),
            (["--channels", "tgram"], "--channels"), (["--shard", "65"], "--batch"),
            (["--tail-seconds", "1"], "--shard-seconds"),
        ] {
            let output = try Command.run(Self.fleet + options)
            #expect(output.status == 2, "\(options)")
            #expect(output.errors.contains(word), "\(output.errors)")
        }
        #expect(try Command.run(["plan", "--workers", "5"]).status == 2)
    }
}
