package import Plant

/// What the broker tells and asks the database.
///
/// Calls block on the database, so an implementation belongs to one thread of its own, never to the broker's poll
/// thread. All writes are keyed: a call whose outcome is unknown is simply made again.
package protocol BrokerLedger: AnyObject {
    /// Raises the broker epoch by one and returns it; every later write of an older epoch throws `.fenced`.
    func openEpoch(holder: String) throws -> UInt32

    /// Makes clips durable rows. The bytes must already be. A key seen before yields the first job and `duplicate`.
    /// One acceptance per clip, in the order given. Throws `.keyConflict`-free: the same key with other bytes is
    /// reported as `duplicate` with `sameContent == false`.
    func accept(_ clips: [ClipRecord], epoch: UInt32) throws -> [Acceptance]

    /// Writes results, dead letters and failed attempts in one transaction; rows that exist already stay as they are.
    func record(_ outcomes: [OutcomeRecord], epoch: UInt32) throws

    /// Clips without result or dead letter, in order of job, beginning after `job`.
    func pendingClips(after job: Int64, limit: Int) throws -> [PendingClip]

    /// What became of a job, nil while it is open.
    func outcome(of job: Int64) throws -> OutcomeRecord?

    /// For each machine, the model version that scores its clips now.
    func champions() throws -> [Champion]

    /// Where durable content lies, nil when nobody put it.
    func location(of content: ContentHash) throws -> SegmentLocation?

    /// Remembers where durable content lies; content known already stays where it is.
    func recordContent(_ contents: [(hash: ContentHash, location: SegmentLocation)], epoch: UInt32) throws

    /// The file of a model version, nil when no model has this hash.
    func modelFile(_ hash: ContentHash) throws -> [UInt8]?
}

/// Bytes in the broker's segment store.
package struct SegmentLocation: Hashable, Sendable {
    package var segment: Int64
    package var offset: Int64
    /// Bytes of the payload.
    package var length: Int64

    package init(segment: Int64, offset: Int64, length: Int64) {
        (self.segment, self.offset, self.length) = (segment, offset, length)
    }
}

/// How log-mel clips of a gateway were computed, as stored beside the clip.
package struct FeatureRecord: Hashable, Sendable {
    package var sampleRateHz: Int
    package var fftLength: Int
    package var hopLength: Int
    package var melBands: Int
    package var reflectPadding: Bool

    package init(sampleRateHz: Int, fftLength: Int, hopLength: Int, melBands: Int, reflectPadding: Bool) {
        self.sampleRateHz = sampleRateHz
        self.fftLength = fftLength
        self.hopLength = hopLength
        self.melBands = melBands
        self.reflectPadding = reflectPadding
    }
}

/// A clip at the moment of acceptance.
package struct ClipRecord: Hashable, Sendable {
    package enum Format: String, Sendable { case audio, logMel }

    /// Idempotency key, unique per site.
    package var key: String
    package var site: String
    package var machine: MachineName
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var recordedAt: Int64
    package var sha256: ContentHash
    package var format: Format
    /// What a person calls the clip: its file name.
    package var name: String
    /// Which channel of a recording with several is this machine's.
    package var channel: Int
    /// Log-mel clips only.
    package var feature: FeatureRecord?
    package var location: SegmentLocation

    package init(
        key: String, site: String, machine: MachineName, recordedAt: Int64, sha256: ContentHash, format: Format,
        name: String, channel: Int, feature: FeatureRecord?, location: SegmentLocation
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
        self.location = location
    }
}

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

/// An accepted clip that has neither result nor dead letter.
package struct PendingClip: Hashable, Sendable {
    package var job: Int64
    package var clip: ClipRecord
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var acceptedAt: Int64
    /// Tries that failed so far.
    package var attempts: Int

    package init(job: Int64, clip: ClipRecord, acceptedAt: Int64, attempts: Int) {
        (self.job, self.clip, self.acceptedAt, self.attempts) = (job, clip, acceptedAt, attempts)
    }
}

/// How a job, or one attempt at it, ended.
package struct OutcomeRecord: Hashable, Sendable {
    package enum Ending: Hashable, Sendable {
        case scored(ScoreRecord)
        /// The job will not be tried again.
        case dead(code: Int, reason: String)
        /// One attempt failed; the job goes on.
        case failedAttempt(code: Int, reason: String)
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

package struct ScoreRecord: Hashable, Sendable {
    package var modelVersion: String
    package var score: Double
    package var logOdds: Double?
    package var threshold: Double?
    /// `normal` or `anomalous`.
    package var verdict: String
    /// Distance to the nearest training clip, where the model knows it.
    package var neighbourDistance: Double?
    /// Quality flags such as `clipping`.
    package var flags: [String]
    package var queueMilliseconds: Double
    package var computeMilliseconds: Double

    package init(
        modelVersion: String, score: Double, logOdds: Double?, threshold: Double?, verdict: String,
        neighbourDistance: Double?, flags: [String], queueMilliseconds: Double, computeMilliseconds: Double
    ) {
        self.modelVersion = modelVersion
        self.score = score
        self.logOdds = logOdds
        self.threshold = threshold
        self.verdict = verdict
        self.neighbourDistance = neighbourDistance
        self.flags = flags
        self.queueMilliseconds = queueMilliseconds
        self.computeMilliseconds = computeMilliseconds
    }
}

/// The model version that scores one machine's clips.
package struct Champion: Hashable, Sendable {
    package var machine: MachineName
    package var modelVersion: String
    package var modelHash: ContentHash

    package init(machine: MachineName, modelVersion: String, modelHash: ContentHash) {
        (self.machine, self.modelVersion, self.modelHash) = (machine, modelVersion, modelHash)
    }
}
