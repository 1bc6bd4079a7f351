/// Stored bytes that are not what they were, or gone.
package struct Damage: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The bytes of an accepted clip.
        case clip
        /// Bytes kept by their hash: the clips of datasets.
        case content
        /// The file of a model version.
        case model
        /// The state of a training run.
        case checkpoint
    }

    package var kind: Kind
    /// Which one of its kind: a job, a hash, a version, a run with its step.
    package var subject: String
    package var reason: String

    package init(_ kind: Kind, _ subject: String, reason: String) {
        (self.kind, self.subject, self.reason) = (kind, subject, reason)
    }
}

/// Bytes in the broker's store that somebody may still need, and the hash they must have.
package struct KeptPayload: Hashable, Sendable {
    /// Of a clip; nil for content.
    package var job: Int64?
    package var sha256: ContentHash
    package var location: SegmentLocation
    /// What a person calls it: machine and file of a clip, the hash of content.
    package var name: String

    package init(job: Int64?, sha256: ContentHash, location: SegmentLocation, name: String) {
        (self.job, self.sha256, self.location, self.name) = (job, sha256, location, name)
    }
}
