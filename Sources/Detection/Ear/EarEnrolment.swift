package import Plant
package import Spectra

/// One machine that joins a plant, or whose normal clips change: it is fitted with the others as its peers, and nobody
/// else is touched.
package struct EarEnrolment: Sendable {
    /// What new clips mean; the raw value is the word in specifications.
    package enum Change: String, Sendable, CaseIterable {
        /// They are normal, as those known already.
        case add
        /// They alone are normal.
        case replace
        /// They were taken for normal and are not.
        case remove
    }

    package struct Outcome: Sendable {
        /// Of that machine alone.
        package var model: EarModel
        /// How well the model tells its peers' normal clips from its machine's own, held back; nil without peers.
        package var proxyAUC: Double?
    }

    /// The fewest clips that are worth a threshold.
    package static let fewestClips = 5
    /// A model that tells its peers apart worse than so has not understood its machine.
    fileprivate static let leastProxyAUC = 0.6

    package let machine: MachineName
    package let change: Change
    /// The machines of the plant, that one among them where it is known already.
    private let plant: [EarMachine]

    package init(_ machine: MachineName, change: Change, plant: [EarMachine]) {
        (self.machine, self.change, self.plant) = (machine, change, plant)
    }

    /// Fits the machine to its normal clips.
    ///
    /// - Parameters:
    ///   - clips: in an order that keeps neighbours in time together.
    ///   - falseAlarmRate: of the threshold, above 0 and below 1.
    ///
    /// Throws `.tooFewClips` or `.noVariety`.
    package func outcome(
        of clips: [Hearing], feature: LogMelParameters, fewestFrames: Int, falseAlarmRate: Double
    ) throws(ModelError) -> Outcome {
        let normals = normals(with: clips)
        guard normals.count >= Self.fewestClips else {
            throw ModelError(
                .tooFewClips,
                "\(machine) has \(normals.count) usable normal clips and needs \(Self.fewestClips); record more")
        }
        let others = plant.filter { $0.name != machine }
        let peers = HearingPlant(
            Dictionary(uniqueKeysWithValues: others.map { ($0.name, $0.normals) }), melBands: feature.melBands
        ).peers(of: machine)
        var member = try EarMachine(fitting: machine, to: normals, peers: peers)
        member.calibrate(
            falseAlarmRate: falseAlarmRate, typeDeviation: (others + [member]).typeDeviations[machine.type])
        return Outcome(
            model: EarModel(feature: feature, fewestFrames: fewestFrames, machines: [member]),
            proxyAUC: proxyAUC(of: member, among: others))
    }

    private func normals(with clips: [Hearing]) -> [Hearing] {
        let known = change == .replace ? [] : plant.first { $0.name == machine }?.normals ?? []
        switch change {
        case .add, .replace: return known + clips.filter { !known.contains($0) }
        case .remove: return known.filter { !clips.contains($0) }
        }
    }

    /// Over the clips of the machine's type, or of the whole plant where there is no other of its type.
    private func proxyAUC(of member: EarMachine, among others: [EarMachine]) -> Double? {
        let type = others.filter { $0.name.type == machine.type }
        let proxies = (type.isEmpty ? others : type).flatMap(\.normals)
        return ReceiverCurve(normal: member.heldBack, anomalous: proxies.map { member.score(of: $0) })?.auc
    }
}

extension EarEnrolment.Outcome {
    /// Whether the model may score its machine's clips.
    package var isFit: Bool { proxyAUC ?? 1 >= EarEnrolment.leastProxyAUC }
}
