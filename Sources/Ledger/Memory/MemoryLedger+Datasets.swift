package import Plant
internal import Synchronization

extension MemoryLedger: DatasetLedger {
    package func createDataset(_ name: String, feature: FeatureRecord?) throws {
        try state.withLock { state in
            guard let known = state.datasets[name] else {
                state.datasets[name] = Dataset(feature: feature, createdAt: now())
                return
            }
            guard known.feature == feature else { throw LedgerError.changedFeature(dataset: name) }
        }
    }

    package func addClips(_ clips: [DatasetClip], to dataset: String) throws -> [DatasetAddition] {
        try state.withLock { state in
            guard state.datasets[dataset] != nil else { throw LedgerError.unknown(dataset: dataset) }
            return clips.map { clip in
                switch state.datasets[dataset]?.clips[clip.path] {
                case nil:
                    state.datasets[dataset]?.clips[clip.path] = clip
                    return .added
                case clip: return .known
                default: return .conflict
                }
            }
        }
    }

    package func datasets() throws -> [DatasetRecord] {
        state.withLock { state in
            state.datasets.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap(state.dataset)
        }
    }

    package func dataset(_ name: String) throws -> DatasetRecord? {
        state.withLock { state in state.dataset(name) }
    }

    package func clips(of dataset: String, split: DatasetClip.Split?) throws -> [DatasetClip] {
        try state.withLock { state in
            guard let dataset = state.datasets[dataset] else { throw LedgerError.unknown(dataset: dataset) }
            return dataset.clips.values
                .filter { split == nil || $0.split == split }
                .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        }
    }
}

extension MemoryLedger.State {
    fileprivate func dataset(_ name: String) -> DatasetRecord? {
        guard let dataset = datasets[name] else { return nil }
        let machines = Dictionary(grouping: dataset.clips.values, by: \.machine).map { machine, clips in
            DatasetRecord.Machine(
                name: machine, train: clips.count { $0.split == .train },
                testNormal: clips.count { $0.split == .test && !$0.isAnomaly },
                testAnomalous: clips.count { $0.split == .test && $0.isAnomaly })
        }
        return DatasetRecord(
            name: name, feature: dataset.feature, machines: machines.sorted { $0.name < $1.name },
            createdAt: dataset.createdAt)
    }
}
