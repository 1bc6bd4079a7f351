package import Plant

/// What rows say of stored bytes, for those who prove that the bytes are there and what they were.
package protocol IntegrityLedger: Sendable {
    /// How far the rows reach into the segment files of a kind.
    ///
    /// - Parameter segment: of which the last location is wanted.
    func reach(intoSegment segment: Int64, of kind: PayloadKind) throws -> SegmentReach

    /// Payloads that somebody may still need, page by page: those after the last of the page before, nil for the first.
    func keptPayloads(of kind: PayloadKind, after last: KeptPayload?, limit: Int) throws -> [KeptPayload]

    /// What lies in rows of its own and does not have its hash any more: models and checkpoints.
    func damagedRows() throws -> [Damage]

    /// Writes down what is damaged; returns what was not known before.
    func note(_ damage: [Damage]) throws -> [Damage]

    /// Forgets the damage of a kind that nobody has noted since: it was mended, or its time is over.
    ///
    /// - Parameter time: microseconds since 1970-01-01T00:00:00Z, by the ledger's clock.
    func forgetDamage(of kind: Damage.Kind, notedBefore time: Int64) throws

    /// Microseconds since 1970-01-01T00:00:00Z, by the ledger's clock.
    func time() throws -> Int64
}
