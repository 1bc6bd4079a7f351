/// How long scored clips are kept, and those given up by name (dropped dead letters); nil is for ever. Any other clip
/// is kept in any case.
package struct RetentionPolicy: Hashable, Sendable {
    /// Days of their bytes, 1 to 36500; nil: as long as their rows.
    package var bytesDays: Int?
    /// Days of their rows, 1 to 36500; not fewer than of their bytes.
    package var rowsDays: Int?

    package init(bytesDays: Int? = nil, rowsDays: Int? = nil) {
        self.bytesDays = bytesDays
        self.rowsDays = rowsDays
    }
}

/// What time does to clips: an end to the days that are over.
///
/// Nothing here needs an epoch: what may be dropped follows from the rows alone, and does not change back.
/// Times are microseconds since 1970-01-01T00:00:00Z, nil for the ledger's own clock.
package protocol RetentionLedger: Sendable {
    func retentionPolicy() throws -> RetentionPolicy

    /// - Throws: `.refused` for a policy out of range.
    func keep(_ policy: RetentionPolicy) throws

    /// What the ledger's own calendar says, which may be anything.
    func calendar() throws -> Int64

    /// Sums up the hours and days of machines that got results, for whoever asks about weeks and years.
    func rollUp() throws

    /// Drops the days whose time is over and all of whose clips were scored or given up, with their keys; returns how
    /// many. One that is in use just now stays until the next call.
    func dropOldDays(at time: Int64?) throws -> Int

    /// Of these segments, those whose bytes nobody needs any more: each clip in them was scored or given up and its time
    /// is over, or its row is gone. None while everything is kept for ever.
    func unneededSegments(among candidates: [Int64], at time: Int64?) throws -> [Int64]
}
