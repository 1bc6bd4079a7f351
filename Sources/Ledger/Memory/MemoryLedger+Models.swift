package import Plant
internal import Synchronization

extension MemoryLedger: ModelLedger {
    package func addModel(_ draft: ModelDraft) throws -> ModelRecord {
        try state.withLock { state in
            let hash = ContentHash(of: draft.file)
            if let known = state.models.first(where: { $0.record.fileHash == hash }) { return known.record }
            return try state.store(draft, run: nil, at: now())
        }
    }

    package func models() throws -> [ModelRecord] {
        state.withLock { state in state.models.reversed().map(\.record) }
    }

    package func model(_ version: String) throws -> ModelRecord? {
        state.withLock { state in state.models.first { $0.record.version == version }?.record }
    }

    package func modelFile(of version: String) throws -> [UInt8]? {
        state.withLock { state in state.models.first { $0.record.version == version }?.file }
    }

    package func promote(_ version: String, machines: [MachineName]?) throws -> [ChampionChange] {
        try state.withLock { state in
            guard let model = state.models.first(where: { $0.record.version == version })?.record else {
                throw LedgerError.unknown(model: version)
            }
            if let stranger = machines?.first(where: { !model.machines.contains($0) }) {
                throw LedgerError.unfit(model: version, machine: stranger)
            }
            return state.change(machines ?? model.machines) { stack in
                if stack.last != version { stack.append(version) }
            }
        }
    }

    package func rollback(machines: [MachineName]?) throws -> [ChampionChange] {
        state.withLock { state in
            state.change(machines ?? Array(state.champions.keys)) { stack in _ = stack.popLast() }
        }
    }

    package func champions() throws -> [Champion] {
        state.withLock { state in
            state.champions.compactMap { machine, stack in
                state.models.first { $0.record.version == stack.last }.map {
                    Champion(
                        machine: machine, modelVersion: $0.record.version, modelHash: $0.record.fileHash,
                        teaches: $0.record.kind == "ear")
                }
            }.sorted { $0.machine < $1.machine }
        }
    }
}

extension MemoryLedger: EvaluationLedger {
    package func evaluation(of modelVersion: String, on dataset: String) throws -> EvaluationDraft? {
        state.withLock { state in
            state.evaluations.last { $0.modelVersion == modelVersion && $0.dataset == dataset }
        }
    }
}

extension MemoryLedger.State {
    mutating func store(_ draft: ModelDraft, run: Int64?, at time: Int64) throws -> ModelRecord {
        if let dataset = draft.dataset, datasets[dataset] == nil { throw LedgerError.unknown(dataset: dataset) }
        if let wanted = draft.version, models.contains(where: { $0.record.version == wanted }) {
            throw LedgerError.taken(version: wanted)
        }
        let number = models.count { $0.record.kind == draft.kind } + 1
        let record = ModelRecord(
            version: draft.version ?? "\(draft.kind)-\(number)", kind: draft.kind, weightsHash: draft.weightsHash,
            fileHash: ContentHash(of: draft.file), fileLength: draft.file.count, feature: draft.feature,
            dataset: draft.dataset, machines: draft.machines, metadata: draft.metadata, run: run, createdAt: time)
        models.append(MemoryLedger.Model(record: record, file: draft.file))
        return record
    }

    mutating func change(
        _ machines: [MachineName], _ body: (inout [String]) -> Void
    ) -> [ChampionChange] {
        let changes: [ChampionChange] = machines.sorted().compactMap { machine in
            let before = champions[machine]?.last
            body(&champions[machine, default: []])
            let now = champions[machine]?.last
            return before == now ? nil : ChampionChange(machine: machine, before: before, now: now)
        }
        if !changes.isEmpty { signals[.championsChanged] = true }
        return changes
    }
}
