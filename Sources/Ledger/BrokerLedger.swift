package import Plant

/// What the broker tells and asks the database.
///
/// Calls block on the database, so an implementation belongs to one thread of its own, never to the broker's poll
/// thread. All writes are keyed: a call whose outcome is unknown is simply made again.
package protocol BrokerLedger: PrincipalLedger, RetentionLedger, PayloadLedger, IntegrityLedger, SessionLedger {
    /// Raises the broker epoch by one and returns it; every later write of an older epoch throws `.fenced`.
    func openEpoch(holder: String) throws -> UInt32

    /// What the leader does four times a minute, so that open clips are found as fast after a year as on the first day:
    /// begins the day that new clips are filed under, and moves on from clips that have ended.
    ///
    /// - Parameter time: microseconds since 1970-01-01T00:00:00Z; nil for the ledger's own calendar, which may say anything.
    func settle(epoch: UInt32, at time: Int64?) throws

    /// Makes clips durable rows. The bytes must already be. A key seen before yields the first job and `duplicate`;
    /// with other bytes than the first time also `sameContent == false`. One acceptance per clip, in the order given.
    func accept(_ clips: [ClipRecord], epoch: UInt32) throws -> [Acceptance]

    /// Writes results, dead letters and failed attempts in one transaction. Rows that exist already stay as they are,
    /// and a job's first ending wins: no result follows a dead letter, no dead letter a result.
    func record(_ outcomes: [OutcomeRecord], epoch: UInt32) throws

    /// Clips without result or dead letter, in order of job, beginning after `job`.
    func pendingClips(after job: Int64, limit: Int) throws -> [PendingClip]

    /// As above, those of these jobs.
    func pendingClips(among jobs: [Int64]) throws -> [PendingClip]

    /// What became of a job, nil while it is open.
    func outcome(of job: Int64) throws -> OutcomeRecord?

    /// Whose these jobs are and what became of them; those nobody knows are missing.
    func fates(of jobs: [Int64]) throws -> [ClipFate]

    /// For each machine, the model version that scores its clips now.
    func champions() throws -> [Champion]

    /// Where durable content lies, nil when nobody put it.
    func location(of content: ContentHash) throws -> SegmentLocation?

    /// Where content lies among the clips: one that waited for a model and taught it; nil for other content.
    func location(ofLearned content: ContentHash) throws -> SegmentLocation?

    /// Remembers where durable content lies. The newest copy counts: what is put again is mended.
    func recordContent(_ contents: [(hash: ContentHash, location: SegmentLocation)], epoch: UInt32) throws

    /// Replaces what is known of the workers; those not named are gone.
    func record(_ workers: [WorkerRecord], epoch: UInt32) throws

    /// What operators have asked for and is not done, in the order in which it was given.
    func openOrders() throws -> [OperatorOrder]

    /// Notes that an order is done, and how many clips it touched. A pause is not the broker's to close.
    func close(order: Int64, clips: Int, epoch: UInt32) throws

    /// The file of a model version, nil when no model has this hash.
    ///
    /// - Throws: `.damaged` when its bytes do not have it either.
    func modelFile(_ hash: ContentHash) throws -> [UInt8]?
}
