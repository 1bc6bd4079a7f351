package import Plant

/// How well scores tell anomalous clips from normal ones: per machine, per machine type, and over a whole plant.
package struct DetectionReport: Sendable, Equatable {
    /// A clip of which it is known whether it is anomalous.
    package struct ScoredClip: Sendable {
        package var machine: MachineName
        package var isAnomaly: Bool
        package var score: Double

        package init(machine: MachineName, isAnomaly: Bool, score: Double) {
            (self.machine, self.isAnomaly, self.score) = (machine, isAnomaly, score)
        }
    }

    package struct Machine: Sendable, Equatable {
        package var name: MachineName
        package var auc: Double
        package var pauc: Double
        /// 95 % bootstrap interval of the AUC.
        package var aucInterval: ClosedRange<Double>
        package var paucInterval: ClosedRange<Double>
        package var normalCount: Int
        package var anomalousCount: Int
    }

    package struct MachineType: Sendable, Equatable {
        package var name: String
        /// Mean over the type's machines, the rule of the DCASE challenges.
        package var auc: Double
        package var pauc: Double
        /// One curve over the clips of all machines of the type, the rule of the OS-SCL paper.
        package var aucPooled: Double
        package var paucPooled: Double
        /// The lowest AUC among the type's machines.
        package var mauc: Double
    }

    /// By name. Machines without normal or without anomalous clips have no curve and are left out.
    package var machines: [Machine] = []
    /// By name.
    package var types: [MachineType] = []

    /// - Parameters:
    ///   - clips: in any order.
    ///   - seed: of the bootstrap intervals.
    package init(of clips: [ScoredClip], seed: UInt64 = 1) {
        let groups = Dictionary(grouping: clips, by: \.machine)
        var curves: [MachineName: ReceiverCurve] = [:]
        for name in groups.keys.sorted() {
            guard let curve = Self.curve(of: groups[name, default: []]) else { continue }
            curves[name] = curve
            machines.append(
                Machine(
                    name: name, auc: curve.auc, pauc: curve.pauc(),
                    aucInterval: curve.interval(seed: seed) { $0.auc },
                    paucInterval: curve.interval(seed: seed) { $0.pauc() },
                    normalCount: curve.normalCount, anomalousCount: curve.anomalousCount))
        }
        for type in Set(machines.map(\.name.type)).sorted() {
            let members = machines.filter { $0.name.type == type }
            guard let pooled = Self.curve(of: members.flatMap { groups[$0.name, default: []] }) else { continue }
            types.append(
                MachineType(
                    name: type, auc: mean(members.map(\.auc)), pauc: mean(members.map(\.pauc)),
                    aucPooled: pooled.auc, paucPooled: pooled.pauc(),
                    mauc: members.map(\.auc).min() ?? .nan))
        }
    }

    /// Means over machine types; nil when no machine has a curve.
    package var summary: (auc: Double, pauc: Double, mauc: Double)? {
        guard !types.isEmpty else { return nil }
        return (mean(types.map(\.auc)), mean(types.map(\.pauc)), mean(types.map(\.mauc)))
    }

    private static func curve(of clips: [ScoredClip]) -> ReceiverCurve? {
        ReceiverCurve(
            normal: clips.filter { !$0.isAnomaly }.map(\.score), anomalous: clips.filter(\.isAnomaly).map(\.score))
    }
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
