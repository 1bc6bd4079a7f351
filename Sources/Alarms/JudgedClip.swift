/// What one clip says about its machine.
package struct JudgedClip: Sendable, Hashable {
    package enum Judgement: Sendable, Hashable {
        /// A model has judged it. The threshold is nil where nobody chose one.
        case scored(Double, threshold: Double?, modelVersion: String)
        /// The clip judges the sensor and not the machine.
        case sensorFault
    }

    package var job: Int64
    /// By the recorder's clock, in microseconds since 1970; it may jump.
    package var recordedAt: Int64
    package var judgement: Judgement

    package init(job: Int64, recordedAt: Int64, judgement: Judgement) {
        (self.job, self.recordedAt, self.judgement) = (job, recordedAt, judgement)
    }
}
