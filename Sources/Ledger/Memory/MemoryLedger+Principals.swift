package import Plant
internal import Synchronization

extension MemoryLedger: PrincipalLedger {
    package func principals() throws -> [Principal] {
        state.withLock { state in
            state.principals.values.sorted { ($0.name, $0.publicKey) < ($1.name, $1.publicKey) }
        }
    }

    package func allow(_ principal: Principal) throws {
        try state.withLock { state in
            let known = state.principals[principal.publicKey, default: principal]
            if let conflict = known.conflict(with: principal) { throw conflict }
            state.principals[principal.publicKey] = known
        }
    }

    package func revoke(_ publicKey: String) throws {
        try state.withLock { state in
            guard state.principals[publicKey] != nil else { throw LedgerError.unknown(key: publicKey) }
            state.principals[publicKey]?.isRevoked = true
        }
    }

    package func add(_ refusals: [RefusalCount]) throws {
        state.withLock { state in
            for refusal in refusals { state.refusals[refusal.code, default: 0] += refusal.count }
        }
    }

    /// What was refused so far, by error number.
    package var refusals: [Int: Int64] { state.withLock { $0.refusals } }
}
