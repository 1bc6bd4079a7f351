internal import Synchronization

extension MemoryLedger: PayloadLedger {
    struct PayloadKey: Hashable {
        let kind: PayloadKind
        let number: Int64
    }

    package func store(_ payloads: [StoredPayload], as kind: PayloadKind) throws -> [Int64] {
        state.withLock { state in
            payloads.map { payload in
                state.lastPayload += 1
                state.payloads[PayloadKey(kind: kind, number: state.lastPayload)] = (payload, now())
                return state.lastPayload
            }
        }
    }

    package func payload(_ number: Int64, of kind: PayloadKind) throws -> StoredPayload? {
        state.withLock { $0.payloads[PayloadKey(kind: kind, number: number)]?.payload }
    }

    package func payloads(storedBefore seconds: Int64, of kind: PayloadKind, limit: Int) throws -> [Int64] {
        state.withLock { state in
            let old = state.payloads.filter { $0.key.kind == kind && $0.value.storedAt <= now() - seconds * 1_000_000 }
            return Array(old.keys.map(\.number).sorted().prefix(limit))
        }
    }

    package func dropPayloads(_ numbers: [Int64], of kind: PayloadKind) throws {
        state.withLock { state in
            for number in numbers { state.payloads[PayloadKey(kind: kind, number: number)] = nil }
        }
    }
}
