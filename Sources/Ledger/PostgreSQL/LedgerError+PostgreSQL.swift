package import PostgreSQL

extension LedgerError {
    package init(_ error: PostgreSQLError) {
        switch (error.code, error.sqlState) {
        case (.unreachable, _): self.init(.unreachable, error.description)
        case (.denied, _): self.init(.denied, error.description)
        case (.pooled, _), (.badURL, _): self.init(.unfit, error.description)
        // Raised by the schema's `hold_epoch` and `hold_fence`.
        case (_, "AU001"?): self.init(.fenced, "\(error.description); this one stops")
        case (.invalid, _): self.init(.invalid, error.description)
        // Keys that exist or do not, and what the schema's functions have to say.
        case (_, let state?) where state.hasPrefix("23") || state.hasPrefix("P0"):
            self.init(.refused, error.description)
        // What a role's statement_timeout ends.
        case (_, "57014"?):
            self.init(
                .refused,
                "\(error.description); ask for less: results have indexes on scored_at, on recorded_at and on "
                    + "(machine_type, machine_id, recorded_at)")
        default: self.init(.unavailable, error.description)
        }
    }
}
