package import Plant
internal import Synchronization

extension MemoryLedger: DatasetLedger {
    package func createDataset(_ name: String, feature: FeatureRecord?) throws {
        try state.withLock { state in
            guard let known = state.datasets[name] else {
                state.datasets[name] = Dataset(base: name, feature: feature, createdAt: now())
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

    package func importDataset(
        _ name: String, feature: FeatureRecord?, clips: [DatasetClip]
    ) throws -> DatasetRevision {
        state.withLock { state in
            let last = state.newest(of: name)
            let revision = DatasetRevision(
                of: name, clips, after: last.map { ($0.key, $0.value.version) } ?? (name, 0),
                holding: last.map { Array($0.value.clips.values) } ?? [],
                isOther: last == nil || last?.value.feature != feature)
            if revision.version != last?.value.version {
                state.datasets[revision.name] = Dataset(
                    base: name, version: revision.version, feature: feature, createdAt: now(),
                    clips: Dictionary(clips.map { ($0.path, $0) }) { first, _ in first })
            }
            return revision
        }
    }

    package func storedName(ofDataset name: String) throws -> String? {
        state.withLock { state in state.storedName(ofDataset: name) }
    }

    package func datasets() throws -> [DatasetRecord] {
        state.withLock { state in
            Set(state.datasets.values.map(\.base)).compactMap { state.newest(of: $0)?.key }.sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }.compactMap(state.dataset)
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
    fileprivate func newest(of base: String) -> (key: String, value: MemoryLedger.Dataset)? {
        datasets.filter { $0.value.base == base }.max { $0.value.version < $1.value.version }
    }

    func storedName(ofDataset name: String) -> String? {
        if let newest = newest(of: name) { return newest.key }
        guard let (base, version) = DatasetRevision.parts(name) else { return nil }
        return datasets.first { $0.value.base == base && $0.value.version == version }?.key
    }

    fileprivate func dataset(_ name: String) -> DatasetRecord? {
        guard let dataset = datasets[name] else { return nil }
        let machines = Dictionary(grouping: dataset.clips.values, by: \.machine).map { machine, clips in
            DatasetRecord.Machine(
                name: machine, train: clips.count { $0.split == .train },
                testNormal: clips.count { $0.split == .test && !$0.isAnomaly },
                testAnomalous: clips.count { $0.split == .test && $0.isAnomaly })
        }
        return DatasetRecord(
            name: name, base: dataset.base, version: dataset.version, feature: dataset.feature,
            machines: machines.sorted { $0.name < $1.name },
            createdAt: dataset.createdAt)
    }
}
