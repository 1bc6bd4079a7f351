import Ledger
import Plant
import Testing

@Suite struct ModelLedgerTests {
    @Test(arguments: LedgerKind.allCases)
    func versionsCountPerKind(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let first = try ledger.addModel(Samples.model("a"))
        #expect(try ledger.addModel(Samples.model("b")).version == "density-2")
        #expect(try ledger.addModel(Samples.model("c", kind: "os-scl")).version == "os-scl-1")
        #expect(try ledger.addModel(Samples.model("a")) == first)
        #expect(first.version == "density-1")
        #expect(try ledger.models().map(\.version) == ["os-scl-1", "density-2", "density-1"])
        #expect(try ledger.model("density-9") == nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func aModelComesBackAsItWas(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        try ledger.createDataset("plant", feature: nil)
        var draft = try Samples.model("\0weights\u{ff}", machines: ["fan/id_00", "valve/id_02"])
        draft.dataset = "plant"
        let stored = try ledger.addModel(draft)
        #expect(stored.kind == draft.kind && stored.weightsHash == draft.weightsHash)
        #expect(stored.feature == draft.feature && stored.machines == draft.machines)
        #expect(stored.dataset == "plant" && stored.run == nil && stored.metadata == draft.metadata)
        #expect(stored.fileHash == ContentHash(of: draft.file) && stored.fileLength == draft.file.count)
        #expect(try ledger.model(stored.version) == stored)
        #expect(try ledger.modelFile(of: stored.version) == draft.file)
        #expect(try ledger.modelFile(stored.fileHash) == draft.file)
        #expect(try ledger.modelFile(of: "density-9") == nil)
        #expect(try ledger.modelFile(Samples.hash("nothing")) == nil)
        draft.dataset = "other"
        draft.file = [1]
        #expect(try code { _ = try ledger.addModel(draft) } == .notFound)
    }

    @Test(arguments: LedgerKind.allCases)
    func aModelMayHaveAName(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        var draft = try Samples.model("a", kind: "os-scl")
        draft.version = "published"
        #expect(try ledger.addModel(draft).version == "published")
        // The same file again keeps its first name, whatever it is to be called now.
        draft.version = "other"
        #expect(try ledger.addModel(draft).version == "published")
        var another = try Samples.model("b", kind: "os-scl")
        another.version = "published"
        #expect(try code { _ = try ledger.addModel(another) } == .refused)
        another.version = nil
        #expect(try ledger.addModel(another).version == "os-scl-2")
        #expect(try ledger.promote("published", machines: nil).map(\.now) == ["published"])
    }

    @Test(arguments: LedgerKind.allCases)
    func promotionsAndRollbacksFormAStack(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let machine = try Samples.machine()
        for content in ["a", "b", "c"] { _ = try ledger.addModel(Samples.model(content)) }
        func champion() throws -> String? { try ledger.champions().first?.modelVersion }
        #expect(
            try ledger.promote("density-1", machines: nil)
                == [ChampionChange(machine: machine, before: nil, now: "density-1")])
        #expect(try ledger.promote("density-1", machines: nil).isEmpty)
        _ = try ledger.promote("density-2", machines: [machine])
        #expect(
            try ledger.rollback(machines: nil)
                == [ChampionChange(machine: machine, before: "density-2", now: "density-1")])
        _ = try ledger.promote("density-3", machines: nil)
        #expect(try champion() == "density-3")
        _ = try ledger.rollback(machines: nil)
        #expect(try champion() == "density-1")
        #expect(
            try ledger.rollback(machines: [machine])
                == [ChampionChange(machine: machine, before: "density-1", now: nil)])
        #expect(try champion() == nil)
        #expect(try ledger.rollback(machines: nil).isEmpty)
        _ = try ledger.promote("density-2", machines: nil)
        #expect(try champion() == "density-2")
        _ = try ledger.rollback(machines: nil)
        #expect(try champion() == nil)
    }

    @Test(arguments: LedgerKind.allCases)
    func eachMachineHasItsChampion(_ kind: LedgerKind) throws {
        let ledger = try kind.make()
        let machines = try ["fan-x/id_00", "fan/id_00", "fan/id_02"].map(Samples.machine)
        let first = try ledger.addModel(Samples.model("a", machines: machines.map(\.description)))
        let second = try ledger.addModel(Samples.model("b", machines: ["fan/id_02"]))
        #expect(try ledger.promote(first.version, machines: nil).map(\.machine) == machines.sorted())
        _ = try ledger.promote(second.version, machines: nil)
        let champions = try ledger.champions()
        #expect(champions.map(\.machine) == machines.sorted())
        // The second model knows fan/id_02 only, which comes after fan/id_00 and before fan-x/id_00.
        #expect(champions.map(\.modelVersion) == ["density-1", "density-2", "density-1"])
        #expect(champions.map(\.modelHash) == [first.fileHash, second.fileHash, first.fileHash])
        #expect(try code { _ = try ledger.promote(second.version, machines: [machines[0]]) } == .refused)
        #expect(try code { _ = try ledger.promote("density-3", machines: nil) } == .notFound)
        #expect(try ledger.rollback(machines: [machines[0]]).count == 1)
        #expect(try ledger.champions().count == 2)
    }
}
