internal import FoundationEssentials
internal import Plant
internal import Training

/// What a model's row remembers of the enrolment that made it.
package struct EnrolmentRecord: Codable, Sendable {
    package let machine: String
    package let clips: Int
    package let proxyAUC: Double?
    package let promoted: Bool

    init(_ enrolment: TrainedModel.Enrolment) {
        machine = enrolment.machine.description
        (clips, proxyAUC, promoted) = (enrolment.clips, enrolment.proxyAUC, enrolment.isFit)
    }

    /// Nil where the metadata are of another model.
    package init?(metadata: String) {
        guard let record = try? JSONDecoder().decode(EnrolmentRecord.self, from: Data(metadata.utf8)) else {
            return nil
        }
        self = record
    }

    var json: String {
        do {
            return String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        } catch {
            preconditionFailure("numbers that were checked cannot be encoded: \(error)")
        }
    }
}
