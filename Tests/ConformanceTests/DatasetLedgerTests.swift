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

    /// A dataset is what the folder now says; what was made of an earlier version keeps it.
    @Test(arguments: LedgerKind.allCases)
    func aChangedFolderIsTheNextVersion(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let (kept, gone) = (try Samples.datasetClip("a"), try Samples.datasetClip("b"))
        let first = try ledger.importDataset("plant", feature: nil, clips: [kept, gone])
        #expect(first.name == "plant" && first.version == 1 && first.added == 2)
        let run = try ledger.submit(Samples.request())
        #expect(try ledger.importDataset("plant", feature: nil, clips: [gone, kept]).version == 1)

        var relabelled = try Samples.datasetClip("c", split: .test)
        let second = try ledger.importDataset("plant", feature: nil, clips: [kept, relabelled])
        #expect(second.name == "plant@2" && second.version == 2 && second.added == 1 && second.removed == 1)
        (relabelled.isAnomaly, relabelled.domain, relabelled.attributes) = (true, "target", "vel_6")
        let third = try ledger.importDataset("plant", feature: nil, clips: [kept, relabelled])
        #expect(third.version == 3 && third.added == 0 && third.changed == 1 && third.removed == 0)
        #expect(try ledger.importDataset("plant", feature: Samples.feature, clips: [kept, relabelled]).version == 4)
        #expect(try ledger.importDataset("plant", feature: Samples.feature, clips: [kept, relabelled]).version == 4)

        #expect(try ledger.clips(of: "plant", split: nil) == [kept, gone])
        #expect(try ledger.clips(of: "plant@3", split: nil) == [kept, relabelled])
        #expect(try ledger.run(run)?.request.dataset == "plant")
        let later = try ledger.submit(Samples.request())
        #expect(try ledger.run(later)?.request.dataset == "plant@4")
        for (called, stored) in [("plant", "plant@4"), ("plant@1", "plant"), ("plant@3", "plant@3")] {
            #expect(try ledger.storedName(ofDataset: called) == stored)
        }
        #expect(try ledger.storedName(ofDataset: "plant@5") == nil && ledger.storedName(ofDataset: "x") == nil)
        #expect(try ledger.datasets().map(\.base) == ["plant"] && ledger.datasets().map(\.version) == [4])
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
