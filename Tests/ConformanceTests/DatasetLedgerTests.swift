import Ledger
import Plant
import Testing

@Suite struct DatasetLedgerTests {
    @Test(arguments: LedgerKind.allCases)
    func aDatasetIsCreatedOnce(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        #expect(try ledger.datasets().isEmpty)
        try ledger.createDataset("plant", feature: Samples.feature)
        try ledger.createDataset("plant", feature: Samples.feature)
        try ledger.createDataset("Plant", feature: nil)
        #expect(try code { try ledger.createDataset("plant", feature: nil) } == .refused)
        #expect(try ledger.datasets().map(\.name) == ["Plant", "plant"])
        #expect(try ledger.datasets().map(\.feature) == [nil, Samples.feature])
        #expect(try ledger.dataset("other") == nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func clipsAreAddedOnce(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        try ledger.createDataset("plant", feature: Samples.feature)
        let clip = try Samples.datasetClip("fan/train/a.npy")
        var other = clip
        other.sha256 = Samples.hash("other")
        #expect(try ledger.addClips([clip, clip], to: "plant") == [.added, .known])
        let fresh = try Samples.datasetClip("fan/train/b.npy")
        #expect(try ledger.addClips([other, fresh, clip], to: "plant") == [.conflict, .added, .known])
        #expect(try ledger.clips(of: "plant", split: nil) == [clip, fresh])
        #expect(try code { _ = try ledger.addClips([clip], to: "other") } == .notFound)
        #expect(try code { _ = try ledger.clips(of: "other", split: nil) } == .notFound)
    }

    @Test(arguments: LedgerKind.allCases)
    func clipsComeInOrderOfPathBytes(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        try ledger.createDataset("plant", feature: nil)
        let paths = ["é", "b", "a/c", "a.c", "B", "a"]
        let clips = try paths.map { try Samples.datasetClip($0, split: $0 == "b" ? .test : .train) }
        _ = try ledger.addClips(clips, to: "plant")
        #expect(try ledger.clips(of: "plant", split: nil).map(\.path) == ["B", "a", "a.c", "a/c", "b", "é"])
        #expect(try ledger.clips(of: "plant", split: .test).map(\.path) == ["b"])
        #expect(try ledger.clips(of: "plant", split: .train).count == 5)
    }

    @Test(arguments: LedgerKind.allCases)
    func aDatasetCountsItsClips(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        try ledger.createDataset("plant", feature: nil)
        _ = try ledger.addClips(
            [
                Samples.datasetClip("1", machine: "valve/id_00"), Samples.datasetClip("2"), Samples.datasetClip("3"),
                Samples.datasetClip("4", split: .test), Samples.datasetClip("5", split: .test, isAnomaly: true),
                Samples.datasetClip("6", split: .test, isAnomaly: true),
            ], to: "plant")
        let dataset = try #require(try ledger.dataset("plant"))
        #expect(
            dataset.machines == [
                DatasetRecord.Machine(name: try Samples.machine(), train: 2, testNormal: 1, testAnomalous: 2),
                DatasetRecord.Machine(
                    name: try Samples.machine("valve/id_00"), train: 1, testNormal: 0, testAnomalous: 0),
            ])
        #expect(dataset.clips == 6)
    }
}
