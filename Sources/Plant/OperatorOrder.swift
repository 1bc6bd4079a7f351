/// What an operator asked of the queue and is not done yet.
package struct OperatorOrder: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// Stands until somebody lifts it.
        case pause(QueueScope)
        /// Open clips up to this job become dead letters.
        case cancel(QueueScope, lastJob: Int64)
        case cancelJobs([Int64])
        /// These jobs are open again.
        case retry([Int64])
    }

    /// Later orders have larger ones.
    package var number: Int64
    package var action: Action
    package var reason: String
    package var givenBy: String

    package init(number: Int64, action: Action, reason: String = "", givenBy: String) {
        (self.number, self.action, self.reason, self.givenBy) = (number, action, reason, givenBy)
    }
}
