package import Plant
internal import Synchronization

extension MemoryLedger: IntegrityLedger {
    package func reach(intoSegment segment: Int64, of kind: PayloadKind) throws -> SegmentReach {
        state.withLock { state in
            let locations =
                switch kind {
                case .clips: state.clips.filter { !$0.isDropped }.map(\.record.location)
                case .content: Array(state.contents.values)
                }
            return SegmentReach(
                lastSegment: max(locations.map(\.segment).max() ?? 0, 0),
                lastLocation: locations.filter { $0.segment == segment }.max { $0.offset < $1.offset })
        }
    }

    package func keptPayloads(of kind: PayloadKind, after last: KeptPayload?, limit: Int) throws -> [KeptPayload] {
        state.withLock { state in
            switch kind {
            case .clips:
                let needed = state.clips.indices.filter {
                    state.isNeeded($0, at: now()) && state.clips[$0].job > last?.job ?? 0
                }
                return needed.prefix(limit).map { index in
                    let (job, clip) = (state.clips[index].job, state.clips[index].record)
                    return KeptPayload(
                        job: job, sha256: clip.sha256, location: clip.location,
                        name: "\(clip.site) \(clip.machine) \(clip.name)")
                }
            case .content:
                let hashes = state.contents.keys.filter { last == nil || $0 > last?.sha256 ?? $0 }.sorted()
                return hashes.prefix(limit).compactMap { hash in
                    state.contents[hash].map {
                        KeptPayload(job: nil, sha256: hash, location: $0, name: hash.description)
                    }
                }
            }
        }
    }

    /// Memory is taken to be sound.
    package func damagedRows() throws -> [Damage] { [] }

    package func note(_ damage: [Damage]) throws -> [Damage] {
        state.withLock { state in
            let new = damage.filter { !state.damage.keys.contains(DamageKey($0)) }
            for damage in damage { state.damage[DamageKey(damage)] = now() }
            return new
        }
    }

    package func forgetDamage(of kind: Damage.Kind, notedBefore time: Int64) throws {
        state.withLock { state in
            state.damage = state.damage.filter { $0.key.kind != kind || $0.value >= time }
        }
    }

    package func time() throws -> Int64 { now() }

    /// What names a damage.
    struct DamageKey: Hashable {
        let kind: Damage.Kind
        let subject: String

        init(_ damage: Damage) { (kind, subject) = (damage.kind, damage.subject) }
    }
}
