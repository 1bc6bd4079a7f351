package import Plant

extension ModelFile {
    /// The file with thresholds chosen from scores of normal clips; machines without scores keep theirs.
    ///
    /// - Parameter scores: by this model, of normal clips that it was not fitted to.
    ///
    /// Throws `.unknownMachine`, and `.tooFewClips` naming the first machine whose clips do not support the rate.
    package func calibrated(
        by scores: [MachineName: [Double]], falseAlarmRate: Double, method: Calibration.Method
    ) throws(ModelError) -> ModelFile {
        var file = self
        let deviations = Dictionary(grouping: scores, by: \.key.type).mapValues { machines in
            Calibration.pooledDeviation(machines.map(\.value).filter { $0.count > 1 })
        }
        for (machine, scores) in scores.sorted(by: { $0.key < $1.key }) {
            guard machines.contains(machine) else { throw .unknownMachine(machine, known: machines) }
            do throws(ModelError) {
                file.calibration[machine] = try Calibration(
                    heldOutScores: scores, falseAlarmRate: falseAlarmRate, method: method,
                    typeDeviation: deviations[machine.type] ?? nil)
            } catch {
                throw ModelError(error.code, "\(machine): \(error.reason)")
            }
        }
        return file
    }
}
