package import Plant
package import Spectra

extension EarModel {
    /// Fits all machines of a plant, each with the others as its peers, and chooses their thresholds.
    ///
    /// A machine that cannot be fitted is left out; the same clips give the same bits.
    ///
    /// - Parameters:
    ///   - normals: of each machine, in an order that keeps neighbours in time together.
    ///   - falseAlarmRate: of the thresholds, above 0 and below 1.
    /// - Returns: nil where no machine can be fitted; and a sentence for each that was left out.
    package static func fitted(
        to normals: [MachineName: [Hearing]], feature: LogMelParameters, fewestFrames: Int, falseAlarmRate: Double
    ) -> (model: EarModel?, leftOut: [LeftOut]) {
        let plant = HearingPlant(normals, melBands: feature.melBands)
        var members: [EarMachine] = []
        var leftOut: [LeftOut] = []
        for (name, hearings) in normals.sorted(by: { $0.key < $1.key }) {
            do throws(ModelError) {
                members.append(try EarMachine(fitting: name, to: hearings, peers: plant.peers(of: name)))
            } catch {
                leftOut.append(LeftOut(machine: name, reason: error.reason))
            }
        }
        guard !members.isEmpty else { return (nil, leftOut) }
        let deviations = members.typeDeviations
        for index in members.indices {
            members[index].calibrate(
                falseAlarmRate: falseAlarmRate, typeDeviation: deviations[members[index].name.type])
        }
        return (EarModel(feature: feature, fewestFrames: fewestFrames, machines: members), leftOut)
    }
}

/// The machines of a plant as each other's peers.
struct HearingPlant {
    private let machines: [(name: MachineName, scatter: HearingScatter)]
    /// By type: what the machines of all other types tell.
    private let plants: [String: HearingPeers]
    private let melBands: Int

    /// Machines whose clips are all alike tell nothing.
    init(_ normals: [MachineName: [Hearing]], melBands: Int) {
        let machines = normals.sorted { $0.key < $1.key }.compactMap { name, hearings in
            Set(hearings).count > 1 ? (name: name, scatter: HearingSums(of: hearings, melBands: melBands).scatter) : nil
        }
        self.machines = machines
        self.melBands = melBands
        plants = Dictionary(
            uniqueKeysWithValues: Set(normals.keys.map(\.type)).map { type in
                let others = machines.filter { $0.name.type != type }.map(\.scatter)
                return (type, HearingPeers(others, melBands: melBands))
            })
    }

    func peers(of machine: MachineName) -> HearingPeers {
        let others = machines.filter { $0.name.type == machine.type && $0.name != machine }.map(\.scatter)
        return HearingPeers(others, plant: plants[machine.type], melBands: melBands)
    }
}

extension [EarMachine] {
    /// The deviation of held-back scores, pooled over the machines of each type.
    package var typeDeviations: [String: Double] {
        Dictionary(grouping: self, by: \.name.type).compactMapValues { machines in
            Calibration.pooledDeviation(machines.map(\.heldBack))
        }
    }
}

extension EarMachine {
    /// Chooses the threshold from the held-back scores.
    mutating func calibrate(falseAlarmRate: Double, typeDeviation: Double?) {
        calibration = Calibration(
            studentOf: heldBack, falseAlarmRate: falseAlarmRate, typeDeviation: typeDeviation)
    }
}
