/// A clip at the moment of acceptance.
package struct ClipRecord: Hashable, Sendable {
    package enum Format: String, Sendable { case audio, logMel }

    /// A head start in the queue of the clip's site.
    package enum Priority: Int, Sendable { case normal = 0, urgent = 1, bulk = 2 }

    /// From 1900 until before the year 3000: clocks without a battery are believed, nonsense is not.
    package static let recordingTimes: Range<Int64> = -2_208_988_800_000_000..<32_503_680_000_000_000

    /// Idempotency key, unique per site.
    package var key: String
    package var site: String
    package var machine: MachineName
    /// Microseconds since 1970-01-01T00:00:00Z, within `recordingTimes`; by the clock of whoever recorded it.
    package var recordedAt: Int64
    package var sha256: ContentHash
    package var format: Format
    /// What a person calls the clip: its file name.
    package var name: String
    /// Which channel of a recording with several is this machine's.
    package var channel: Int
    /// Log-mel clips only.
    package var feature: FeatureRecord?
    package var priority: Priority
    package var location: SegmentLocation

    package init(
        key: String, site: String, machine: MachineName, recordedAt: Int64, sha256: ContentHash, format: Format,
        name: String, channel: Int, feature: FeatureRecord?, priority: Priority = .normal, location: SegmentLocation
    ) {
        self.key = key
        self.site = site
        self.machine = machine
        self.recordedAt = recordedAt
        self.sha256 = sha256
        self.format = format
        self.name = name
        self.channel = channel
        self.feature = feature
        self.priority = priority
        self.location = location
    }
}
