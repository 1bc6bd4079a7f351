internal import Plant

extension NetworkModel {
    /// The model with what its rule compares with, and with a threshold per machine.
    ///
    /// Of each machine the training clips make the neighbour bank and the density, and the held-back ones the scales
    /// (for the sums of measures) and the threshold: where they are too few for the wanted false-alarm rate, the smallest
    /// rate that they support is taken. What the model knew of these machines is replaced.
    ///
    /// - Parameters:
    ///   - training: normal clips that the network was trained on, in an order that does not depend on who measured them.
    ///   - heldBack: normal clips that it was not trained on.
    /// - Returns: the model, and a sentence for each machine that lacks something.
    package func calibrated(
        training: [MeasuredClip], heldBack: [MeasuredClip], falseAlarmRate: Double = 0.05
    ) -> (model: NetworkModel, notices: [String]) {
        var model = self
        var notices: [String] = []
        let training = Dictionary(grouping: training, by: \.machine)
        let heldBack = Dictionary(grouping: heldBack, by: \.machine)
        for machine in machines {
            let normal = heldBack[machine, default: []].map(\.measurement)
            let (reference, complaint) = Self.reference(
                machine, training: training[machine, default: []].map(\.measurement), heldBack: normal)
            if let complaint { notices.append(complaint) }
            model.references[machine] = reference
            model.calibration[machine] = nil
            guard !normal.isEmpty else { continue }
            do throws(ModelError) {
                var scores: [Double] = []
                for measurement in normal { scores.append(try model.value(measurement, machine: machine)) }
                model.calibration[machine] = try Calibration(supportedBy: scores, falseAlarmRate: falseAlarmRate)
            } catch {
                notices.append(error.reason)
            }
        }
        return (model, notices)
    }

    private static func reference(
        _ machine: MachineName, training: [Measurement], heldBack: [Measurement]
    ) -> (MachineReference, complaint: String?) {
        var reference = MachineReference()
        var complaint: String?
        if let size = training.first?.embedding.count {
            reference.bank = NeighbourBank(embeddings: training.flatMap(\.embedding), size: size)
            do throws(ModelError) {
                let density = try MachineDensity(
                    fitting: training.map(\.timeStatistics), owner: machine.description)
                reference.density = density.withoutNeighbours
            } catch {
                complaint = error.reason
            }
        }
        guard heldBack.count >= 2 else {
            return (reference, complaint ?? "\(machine) has fewer than two held-back normal clips and gets no scales")
        }
        for measure in MachineReference.Measure.allCases {
            let values = heldBack.compactMap { reference.value(measure, of: $0) }
            if values.count == heldBack.count { reference.scales[measure] = StandardScale(of: values) }
        }
        return (reference, complaint)
    }
}
