import Detection
import Plant
import Spectra
import Testing
import Training
import Wire

@Suite struct ShardWorkerTests {
    private func clip(_ hash: ContentHash, machine: String = "fan/id_00") throws -> ShardClip {
        ShardClip(
            machine: try #require(MachineName(machine)), sha256: hash, name: "clip.npy", format: .logMel, channel: 0)
    }

    @Test func unknownWorkAndDamagedSpecifications() {
        let worker = ShardWorker()
        for (kind, code) in [("dream", WireError.Code.unknownWork), (EmbedShard.kind, .badBody)] {
            let error = #expect(throws: WireError.self) {
                try worker.output(kind: kind, specification: [0xff]) { _ in [] }
            }
            #expect(error?.code == code)
        }
    }

    /// What cannot be fetched is the shard's failure, not the clip's.
    @Test func missingContentFailsTheShard() throws {
        let shard = EmbedShard(
            feature: TestPlant.feature, clips: [try clip(ContentHash(of: [1]))], embedding: .timeStatistics)
        let error = #expect(throws: WireError.self) {
            try ShardWorker().output(kind: EmbedShard.kind, specification: shard.encoded()) { _ in
                throw WireError(.unknownContent, "gone")
            }
        }
        #expect(error?.code == .unknownContent)
    }

    /// Clips are fetched ahead until their windows are kept.
    @Test func whatANetworksShardWillFetchIsKnownBeforehand() throws {
        let plant = try NetworkPlant(trainingClips: 4)
        var training = plant.training()
        let worker = ShardWorker()
        let survey = try #require(training.outstanding.first)
        let clips = Set(plant.plant.clips.filter { $0.split == .train }.map(\.sha256))
        #expect(Set(worker.clipsAhead(kind: survey.kind, specification: survey.specification)) == clips)
        let found = try worker.output(
            kind: survey.kind, specification: survey.specification, content: plant.plant.bytes)
        #expect(try training.fold(found, of: survey.place) == .counted)
        let forward = try #require(training.outstanding.first)
        let provision = try #require(training.provisions.first)
        let weights = provision.bytes()
        #expect(!worker.clipsAhead(kind: forward.kind, specification: forward.specification).isEmpty)
        _ = try worker.output(kind: forward.kind, specification: forward.specification) { hash in
            hash == provision.hash ? weights : try plant.plant.bytes(hash)
        }
        #expect(worker.clipsAhead(kind: forward.kind, specification: forward.specification).isEmpty)
        #expect(worker.clipsAhead(kind: forward.kind, specification: [0xFF]).isEmpty)
    }

    @Test func damagedModelsAreRefused() throws {
        let shard = ScoreShard(model: ContentHash(of: [1]), feature: nil, clips: [])
        let error = #expect(throws: WireError.self) {
            try ShardWorker().output(kind: ScoreShard.kind, specification: shard.encoded()) { _ in [1, 2, 3] }
        }
        #expect(error?.code == .unreadableModel)
    }

    /// A log-mel of other parameters and an unknown machine are each the clip's own fault.
    @Test func clipsAtFaultGetTheirReason() throws {
        var plant = try TestPlant()
        let parameters = try LogMelParameters(TestPlant.feature)
        var training = EmbeddingTraining(.density, clips: plant.clips, feature: parameters)
        let worker = ShardWorker()
        for request in training.outstanding {
            _ = try training.fold(
                try worker.output(kind: request.kind, specification: request.specification, content: plant.bytes),
                of: request.place)
        }
        guard case .model(let model) = try training.finish() else { throw RunFailure("a training made no model") }
        let hash = plant.add(content: model.file)
        let sound = try #require(plant.clips.first).sha256
        var other = TestPlant.feature
        other.fftLength = 2048
        func outcome(_ clip: ShardClip, feature: FeatureRecord?) throws -> ClipOutcome<ScoreShard.Output.Score> {
            let shard = ScoreShard(model: hash, feature: feature, clips: [clip])
            let output = try worker.output(
                kind: ScoreShard.kind, specification: shard.encoded(), content: plant.bytes)
            return try #require(try ScoreShard.Output(decoding: output).clips.first)
        }
        func reason(_ clip: ShardClip, feature: FeatureRecord?) throws -> String {
            guard case .unusable(let reason) = try outcome(clip, feature: feature) else { return "" }
            return reason
        }
        guard case .done = try outcome(try clip(sound), feature: TestPlant.feature) else {
            throw RunFailure("a sound clip was refused")
        }
        #expect(try reason(try clip(sound), feature: other).contains("2048"))
        #expect(try reason(try clip(sound), feature: nil).contains("parameters"))
        #expect(try reason(try clip(sound, machine: "fan/id_09"), feature: TestPlant.feature).contains("fan/id_00"))
    }
}
