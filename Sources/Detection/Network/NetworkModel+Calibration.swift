package import Plant

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
    /// - Returns: the model, and the machines that lack something.
    package func calibrated(
        training: [MeasuredClip], heldBack: [MeasuredClip], falseAlarmRate: Double = 0.05
    ) -> (model: NetworkModel, leftOut: [LeftOut]) {
        var model = self
        var leftOut: [LeftOut] = []
        let training = Dictionary(grouping: training, by: \.machine)
        let heldBack = Dictionary(grouping: heldBack, by: \.machine)
        for machine in machines {
            let normal = heldBack[machine, default: []].map(\.measurement)
            var (reference, complaint) = Self.reference(
                machine, training: training[machine, default: []].map(\.measurement), heldBack: normal)
            if let complaint { leftOut.append(LeftOut(machine: machine, reason: complaint)) }
            for rule in ScoreRule.allCases where reference.supports(rule) && !normal.isEmpty {
                reference.heldBackScores[rule] = normal.compactMap { reference.score(rule, of: $0) }
            }
            model.references[machine] = reference
            do throws(ModelError) {
                try model.chooseThreshold(machine, falseAlarmRate: falseAlarmRate)
                if !normal.isEmpty, model.calibration[machine] == nil { throw uncalibrated(machine) }
            } catch {
                leftOut.append(LeftOut(machine: machine, reason: error.reason))
            }
        }
        return (model, leftOut)
    }

    /// The same network, scoring by another rule.
    ///
    /// A threshold belongs to the rule it was chosen for: it is chosen anew from the scores of held-back clips, at the rate
    /// that was wanted before or the smallest they support, and dropped where the model holds none.
    ///
    /// Throws `.notCalibrated` where the model holds what the rule compares with of no machine at all.
    package func scoring(by rule: ScoreRule) throws(ModelError) -> NetworkModel {
        guard rule != self.rule else { return self }
        var model = self
        model.rule = rule
        guard machines.contains(where: { (references[$0] ?? MachineReference()).supports(rule) }) else {
            throw model.uncalibrated(machines[0])
        }
        for machine in machines {
            try model.chooseThreshold(machine, falseAlarmRate: calibration[machine]?.falseAlarmRate ?? 0.05)
        }
        return model
    }

    /// By the model's rule, of the normal clips that were held back in training, where the model holds any.
    package var heldBackScores: [MachineName: [Double]] {
        references.compactMapValues { $0.heldBackScores[rule] }
    }

    /// Sets a machine's threshold from the scores of its held-back clips; none where there are none.
    private mutating func chooseThreshold(_ machine: MachineName, falseAlarmRate: Double) throws(ModelError) {
        calibration[machine] = nil
        guard let scores = references[machine]?.heldBackScores[rule], !scores.isEmpty else { return }
        calibration[machine] = try Calibration(supportedBy: scores, falseAlarmRate: falseAlarmRate)
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
