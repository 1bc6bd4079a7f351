/// How a job, or one attempt at it, ended.
package struct OutcomeRecord: Hashable, Sendable {
    package enum Ending: Hashable, Sendable {
        case scored(ScoreRecord)
        /// The job will not be tried again.
        case dead(code: Int, reason: String)
        /// One attempt failed; the job goes on.
        case failedAttempt(code: Int, reason: String)
    }

    /// The job has ended, not only one attempt at it.
    package var isFinal: Bool {
        switch ending {
        case .scored, .dead: true
        case .failedAttempt: false
        }
    }

    package var job: Int64
    /// Number of the attempt, 1 for the first.
    package var attempt: Int
    package var worker: String
    package var ending: Ending

    package init(job: Int64, attempt: Int, worker: String, ending: Ending) {
        (self.job, self.attempt, self.worker, self.ending) = (job, attempt, worker, ending)
    }
}
