import Plant

/// Which model scores which machine now.
struct Champions {
    private var byMachine: [MachineName: Champion] = [:]
    /// The ledger has been asked at least once.
    private(set) var areKnown = false

    /// Machines that no model knows can be learned from their first clips.
    private var teach = false

    /// While there is no model at all, clips are accepted and wait for the first; and where machines can be learned, for
    /// their own.
    func mayAccept(_ machine: MachineName) -> Bool {
        byMachine.isEmpty || teach || byMachine[machine] != nil
    }

    subscript(machine: MachineName) -> Champion? { byMachine[machine] }

    /// Returns whether anything changed.
    mutating func replace(by champions: [Champion]) -> Bool {
        let new = Dictionary(champions.map { ($0.machine, $0) }) { _, last in last }
        defer { (byMachine, areKnown, teach) = (new, true, champions.contains(where: \.teaches)) }
        return new != byMachine
    }
}
