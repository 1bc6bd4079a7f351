/// One clip of a dataset: of which machine, for what use, and which bytes.
package struct DatasetClip: Hashable, Sendable {
    package enum Split: String, Sendable { case train, test }

    package var machine: MachineName
    package var split: Split
    package var isAnomaly: Bool
    package var format: ClipRecord.Format
    /// Relative to the dataset's folder; what people and errors call the clip.
    package var path: String
    package var sha256: ContentHash
    /// Which channel of a recording with several is this machine's, from 0.
    package var channel: Int
    /// Where its name says so: `source`, or `target` for the conditions that a model has heard little of.
    package var domain: String?
    /// What else its name says, such as `vel_6`.
    package var attributes: String?

    package init(
        machine: MachineName, split: Split, isAnomaly: Bool, format: ClipRecord.Format, path: String,
        sha256: ContentHash,
        channel: Int = 0, domain: String? = nil, attributes: String? = nil
    ) {
        self.machine = machine
        self.split = split
        self.isAnomaly = isAnomaly
        self.format = format
        self.path = path
        self.sha256 = sha256
        self.channel = channel
        (self.domain, self.attributes) = (domain, attributes)
    }
}
