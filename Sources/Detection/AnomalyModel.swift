package import Plant
package import Spectra

/// A trained model that scores clips of the machines it was trained on.
package protocol AnomalyModel: Sendable {
    /// The word that names this sort of model in files and commands: `density`.
    static var kind: String { get }

    /// What it computes of a clip first, and therefore which log-mel clips it understands.
    var feature: LogMelParameters { get }

    /// The machines it knows, in the order of its class table.
    var machines: [MachineName] { get }

    /// Everything that makes the model, ready to be stored.
    var file: ModelFile { get }

    /// The hash of what was trained, by which equal trainings are known.
    var weightsHash: ContentHash { get }

    /// Throws `.damagedFile` where the file does not hold a model of this kind.
    init(_ file: ModelFile) throws(ModelError)

    /// The mean level of every mel band in the machine's normal clips, dB; nil where the model does not hold it.
    func normalLevels(of machine: MachineName) -> [Float]?

    /// Makes what one thread scores with.
    func makeScorer() throws(ModelError) -> any Scorer
}

extension AnomalyModel {
    package var weightsHash: ContentHash { file.weightsHash }
}

/// A model at work on one thread; it owns buffers, so two threads have two scorers.
package protocol Scorer: AnyObject {
    /// Scores one clip.
    ///
    /// - Parameter machine: the machine that was recorded, known from the plant's own books.
    ///
    /// Throws `.unknownMachine`, `.otherFeature`, `.wrongLength` or `.notFinite`: the clip's fault, never the model's.
    func score(_ signal: ClipSignal, machine: MachineName) throws(ModelError) -> ClipScore
}

extension ModelError {
    /// The refusal of a clip whose machine is not among those the model knows.
    static func unknownMachine(_ machine: MachineName, known: [MachineName]) -> ModelError {
        let names = known.sorted().prefix(20).map(\.description).joined(separator: ", ")
        let more = known.count > 20 ? " and \(known.count - 20) more" : ""
        return ModelError(.unknownMachine, "the model does not know \(machine); it knows \(names)\(more)")
    }
}
