package import Plant
package import Spectra

extension DensityModel {
    /// Fits every machine by itself; one that cannot be fitted is left out.
    ///
    /// - Parameters:
    ///   - embeddings: of each machine's normal clips, in an order that keeps neighbours in time together.
    ///   - falseAlarmRate: of the thresholds, above 0 and below 1.
    /// - Returns: nil where no machine can be fitted; and a sentence for each that was left out.
    package static func fitted(
        to embeddings: [MachineName: [[Float]]], feature: LogMelParameters, fewestFrames: Int, falseAlarmRate: Double
    ) -> (model: DensityModel?, leftOut: [LeftOut]) {
        var machines: [Machine] = []
        var leftOut: [LeftOut] = []
        for (name, embeddings) in embeddings.sorted(by: { $0.key < $1.key }) {
            do throws(ModelError) {
                machines.append(try Machine(fitting: name, to: embeddings, falseAlarmRate: falseAlarmRate))
            } catch {
                leftOut.append(LeftOut(machine: name, reason: error.reason))
            }
        }
        guard !machines.isEmpty else { return (nil, leftOut) }
        return (DensityModel(feature: feature, fewestFrames: fewestFrames, machines: machines), leftOut)
    }
}

extension DensityModel.Machine {
    /// The fewest normal clips that are worth a model.
    package static let fewestClips = 8

    /// Fits the density of one machine and chooses its threshold on scores of held-out clips.
    ///
    /// Where there are too few clips for the wanted false-alarm rate, the smallest rate that they support is taken; the
    /// calibration says which.
    ///
    /// - Parameter embeddings: of the machine's normal clips, in an order that keeps neighbours in time together.
    ///
    /// Throws `.tooFewClips` or `.noVariety`.
    package init(
        fitting name: MachineName, to embeddings: [[Float]], falseAlarmRate: Double = 0.05
    ) throws(ModelError) {
        guard embeddings.count >= Self.fewestClips else {
            throw ModelError(
                .tooFewClips,
                "\(name) has \(embeddings.count) usable normal clips for training and needs "
                    + "\(Self.fewestClips); record more")
        }
        let owner = name.description
        let scores = try MachineDensity.heldOutScores(of: embeddings, owner: owner)
        self.init(
            name: name, density: try MachineDensity(fitting: embeddings, owner: owner),
            calibration: try Calibration(supportedBy: scores, falseAlarmRate: falseAlarmRate))
    }
}
