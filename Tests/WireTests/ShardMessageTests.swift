import Plant
import Testing
import Wire

@Suite struct ShardMessageTests {
    private func clip() throws -> ShardClip {
        ShardClip(
            machine: try #require(MachineName("fan/id_00")), sha256: ContentHash(of: [1, 2, 3]), name: "a.wav",
            format: .logMel, channel: 3)
    }

    private let feature = FeatureRecord(
        sampleRateHz: 16_000, fftLength: 1024, hopLength: 512, melBands: 128, reflectPadding: true)

    @Test func specificationsReturnAsTheyWere() throws {
        let embed = EmbedShard(feature: feature, clips: [try clip(), try clip()], embedding: .hearing)
        #expect(try EmbedShard(decoding: embed.encoded()) == embed)
        let score = ScoreShard(model: ContentHash(of: [9]), feature: nil, clips: [try clip()])
        #expect(try ScoreShard(decoding: score.encoded()) == score)
    }

    @Test func outputsReturnAsTheyWere() throws {
        let embeddings = EmbedShard.Output(clips: [
            .done(.init(values: [1.5, -.pi, 0], frameCount: 313)), .unusable(reason: "b.wav: the file is empty."),
        ])
        #expect(try EmbedShard.Output(decoding: embeddings.encoded()) == embeddings)
        let scores = ScoreShard.Output(clips: [
            .unusable(reason: "b.wav: the file is empty."),
            .done(
                .init(
                    score: 0, logOdds: nil, crossEntropy: 0, neighbourDistance: 2.5, threshold: nil, isAnomalous: true)),
        ])
        #expect(try ScoreShard.Output(decoding: scores.encoded()) == scores)
    }

    @Test func everyTruncationIsReadOrRefused() throws {
        let bytes = EmbedShard(feature: feature, clips: [try clip()], embedding: .timeStatistics).encoded()
        let refused = (1..<bytes.count).filter { (try? EmbedShard(decoding: Array(bytes[..<$0]))) == nil }
        #expect(refused.count > bytes.count / 2)
    }

    @Test func clipsWithoutHashOrMachineAreRefused() throws {
        var shard = EmbedShard(feature: feature, clips: [try clip()], embedding: .timeStatistics).encoded()
        let name = try #require(shard.indices.first { shard[$0...].starts(with: Array("fan".utf8)) })
        shard[name] = UInt8(ascii: "/")
        #expect(throws: WireError.self) { try EmbedShard(decoding: shard) }
        #expect(throws: WireError.self) { try ScoreShard(decoding: []) }
    }
}
