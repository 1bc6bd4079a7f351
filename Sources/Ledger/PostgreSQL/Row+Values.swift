internal import Plant
internal import PostgreSQL

// Values of our own that several tables hold, each read and written in one place.

extension Row {
    func hash(_ column: Int) throws -> ContentHash {
        let bytes = try bytes(column)
        guard let hash = ContentHash(bytes: bytes) else {
            throw LedgerError(.refused, "the database holds a hash of \(bytes.count) bytes where 32 were expected")
        }
        return hash
    }

    func optionalHash(_ column: Int) throws -> ContentHash? {
        try optionalBytes(column) == nil ? nil : hash(column)
    }

    /// Of two columns: the type and the ID.
    func machine(_ column: Int) throws -> MachineName {
        try machine(text(column) + "/" + text(column + 1))
    }

    func machine(_ name: String) throws -> MachineName {
        guard let machine = MachineName(name) else {
            throw LedgerError(.refused, "the database holds '\(name)' where a machine was expected")
        }
        return machine
    }

    func value<Value: RawRepresentable<String>>(_ column: Int, as type: Value.Type) throws -> Value {
        let text = try text(column)
        guard let value = Value(rawValue: text) else {
            throw LedgerError(.refused, "the database holds '\(text)' where a \(Value.self) was expected")
        }
        return value
    }

    /// Of three columns: segment, position, length.
    func location(_ column: Int) throws -> SegmentLocation {
        SegmentLocation(
            segment: try int64(column), offset: try int64(column + 1), length: try int64(column + 2))
    }

    /// Of the five columns of `FeatureRecord.columns`.
    func feature(_ column: Int) throws -> FeatureRecord? {
        guard let sampleRateHz = try optionalInt64(column) else { return nil }
        return FeatureRecord(
            sampleRateHz: Int(sampleRateHz), fftLength: try int(column + 1), hopLength: try int(column + 2),
            melBands: try int(column + 3), reflectPadding: try bool(column + 4))
    }
}

extension FeatureRecord {
    /// The members of a `feature` column, for `Row.feature`.
    static let columns = """
        (feature->>'sampleRateHz')::bigint, (feature->>'fftLength')::bigint, (feature->>'hopLength')::bigint,
        (feature->>'melBands')::bigint, (feature->>'reflectPadding')::boolean
        """

    /// For a parameter that is cast to `jsonb`.
    var json: String {
        """
        {"sampleRateHz": \(sampleRateHz), "fftLength": \(fftLength), "hopLength": \(hopLength), \
        "melBands": \(melBands), "reflectPadding": \(reflectPadding)}
        """
    }
}
