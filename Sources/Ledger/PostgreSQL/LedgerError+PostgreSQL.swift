package import PostgreSQL

extension LedgerError {
    package init(_ error: PostgreSQLError) {
        switch (error.code, error.sqlState) {
        case (.unreachable, _): self.init(.unreachable, error.description)
        case (.denied, _): self.init(.denied, error.description)
        // Raised by the schema's `hold_epoch` and `hold_fence`.
        case (_, "AU001"?): self.init(.fenced, "\(error.description); this one stops")
        default: self.init(.refused, error.description)
        }
    }
}
