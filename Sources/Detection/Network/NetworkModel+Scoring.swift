internal import Networks
package import Plant

extension NetworkModel {
    /// What a window's hearing says of a machine's class.
    func measurement(
        of hearing: FoldedNetwork.Hearing, timeStatistics: [Float], classIndex: Int
    ) -> Measurement {
        let logits = arcFace.logits(hearing.cosines, label: classIndex)
        return Measurement(
            logOdds: Double(Logits.logOdds(logits, label: classIndex)),
            centreDistance: Double(1 - hearing.cosines[classIndex]), embedding: hearing.embedding,
            timeStatistics: timeStatistics)
    }

    /// The score of a measurement by the model's rule.
    ///
    /// Throws `.notCalibrated` where the rule compares with what the model lacks.
    package func score(_ measurement: Measurement, machine: MachineName) throws(ModelError) -> ClipScore {
        let threshold = calibration[machine]
        let value = try value(measurement, machine: machine)
        return ClipScore(
            score: value, logOdds: measurement.logOdds, crossEntropy: measurement.crossEntropy,
            neighbourDistance: references[machine]?.bank?.measure(measurement.embedding).nearest,
            threshold: threshold?.threshold, verdict: threshold?.verdict(of: value) ?? .normal,
            embedding: measurement.embedding)
    }

    /// The measure that the rule names. Throws `.notCalibrated`.
    func value(_ measurement: Measurement, machine: MachineName) throws(ModelError) -> Double {
        guard let value = (references[machine] ?? MachineReference()).score(rule, of: measurement) else {
            throw uncalibrated(machine)
        }
        return value
    }

    func uncalibrated(_ machine: MachineName) -> ModelError {
        ModelError(
            .notCalibrated,
            "the model scores by \(rule.rawValue) and holds no normal clips of \(machine) to compare with; "
                + "calibrate it or choose another score")
    }

    /// The score of a hearing for a machine without a class: the least standardised measure of any machine of its type.
    ///
    /// Such a clip is anomalous only where it is unlike every known machine by every measure. No threshold is known.
    ///
    /// Throws `.unknownMachine` where the machine's type is not among `openTypes`, `.notCalibrated` without scales.
    func openScore(
        _ hearing: FoldedNetwork.Hearing, timeStatistics: [Float], machine: MachineName
    ) throws(ModelError) -> ClipScore {
        guard openTypes.contains(machine.type) else { throw .unknownMachine(machine, known: machines) }
        var least: ClipScore?
        for (index, relative) in machines.enumerated() where relative.type == machine.type {
            guard let reference = references[relative] else { continue }
            let measurement = measurement(of: hearing, timeStatistics: timeStatistics, classIndex: index)
            let measures = MachineReference.Measure.allCases.compactMap { reference.standardised($0, of: measurement) }
            guard let value = measures.min(), value < least?.score ?? .infinity else { continue }
            least = ClipScore(
                score: value, logOdds: measurement.logOdds, crossEntropy: measurement.crossEntropy,
                neighbourDistance: reference.bank?.measure(measurement.embedding).nearest, verdict: .normal,
                embedding: measurement.embedding)
        }
        guard let least else { throw uncalibrated(machine) }
        return least
    }
}
