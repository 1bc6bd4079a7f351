/// The database's answer to one clip that was to be made durable.
package struct Acceptance: Hashable, Sendable {
    package var key: String
    package var job: Int64
    package var duplicate: Bool
    /// False when the key was used before for other bytes.
    package var sameContent: Bool

    package init(key: String, job: Int64, duplicate: Bool, sameContent: Bool) {
        (self.key, self.job, self.duplicate, self.sameContent) = (key, job, duplicate, sameContent)
    }
}
