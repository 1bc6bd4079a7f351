internal import Networks
package import Plant

extension NetworkModel {
    /// What windows say of a machine's class: the mean of their measures, its embedding brought back to unit length.
    func measurement(of windows: [HeardWindow], classIndex: Int) -> Measurement {
        let all = windows.map { measurement(of: $0, classIndex: classIndex) }
        guard all.count > 1 else { return all[0] }
        let count = Double(all.count)
        func mean(_ values: [[Float]]) -> [Float] {
            values[0].indices.map { index in Float(values.reduce(0) { $0 + Double($1[index]) } / count) }
        }
        let embedding = mean(all.map(\.embedding))
        let length = max(embedding.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
        return Measurement(
            logOdds: all.reduce(0) { $0 + $1.logOdds } / count,
            centreDistance: all.reduce(0) { $0 + $1.centreDistance } / count,
            embedding: embedding.map { $0 / length }, timeStatistics: mean(all.map(\.timeStatistics)))
    }

    private func measurement(of window: HeardWindow, classIndex: Int) -> Measurement {
        let hearing = window.hearing
        let logits = arcFace.logits(hearing.cosines, label: classIndex)
        return Measurement(
            logOdds: Double(Logits.logOdds(logits, label: classIndex)),
            centreDistance: Double(1 - hearing.cosines[classIndex]), embedding: hearing.embedding,
            timeStatistics: window.timeStatistics)
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

    /// The score of windows for a machine without a class: the least standardised measure of any machine of its type.
    ///
    /// Such a clip is anomalous only where it is unlike every known machine by every measure. No threshold is known.
    ///
    /// Throws `.unknownMachine` where the machine's type is not among `openTypes`, `.notCalibrated` without scales.
    func openScore(_ windows: [HeardWindow], machine: MachineName) throws(ModelError) -> ClipScore {
        guard openTypes.contains(machine.type) else { throw .unknownMachine(machine, known: machines) }
        var least: ClipScore?
        for (index, relative) in machines.enumerated() where relative.type == machine.type {
            guard let reference = references[relative] else { continue }
            let measurement = measurement(of: windows, classIndex: index)
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
