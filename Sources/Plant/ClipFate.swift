/// An accepted clip as those who pushed it know it, and how it ended.
package struct ClipFate: Hashable, Sendable {
    package var job: Int64
    package var site: String
    package var key: String
    /// Nil while it is open.
    package var outcome: OutcomeRecord?

    package init(job: Int64, site: String, key: String, outcome: OutcomeRecord?) {
        (self.job, self.site, self.key, self.outcome) = (job, site, key, outcome)
    }
}
