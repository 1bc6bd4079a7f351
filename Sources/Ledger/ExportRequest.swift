package import Plant

/// Which rows to export, and how they are written.
package struct ExportRequest: Hashable, Sendable {
    package enum Subject: String, CaseIterable, Sendable { case results, clips, evaluations }

    package enum Format: String, CaseIterable, Sendable {
        case csv
        /// One JSON object per line.
        case ndjson
        /// A NumPy array of records: numbers and times, no texts.
        case npy
    }

    package let subject: Subject
    package let format: Format
    package var machine: MachineName?
    package var site: String?
    /// A time as PostgreSQL reads it, UTC unless it says otherwise: recorded, or evaluated, not earlier than this.
    package var since: String?
    /// Earlier than this.
    package var until: String?

    package init(_ subject: Subject, as format: Format) { (self.subject, self.format) = (subject, format) }
}

extension ExportRequest.Subject {
    /// The column that `since` and `until` are about.
    var time: String { self == .evaluations ? "evaluated_at" : "recorded_at" }

    /// What a NumPy array holds of it.
    var numbers: [NumPyRecordWriter.Column] {
        switch self {
        case .results:
            [
                .init("job", .integer), .init("recorded_at", .time), .init("scored_at", .time),
                .init("score", .number), .init("log_odds", .number), .init("threshold", .number),
                .init("queue_milliseconds", .number), .init("compute_milliseconds", .number),
                .init("anomalous", .integer, sql: "(verdict = 'anomalous')::integer::int8"),
            ]
        case .clips:
            [
                .init("job", .integer), .init("recorded_at", .time), .init("accepted_at", .time),
                .init("bytes", .integer), .init("channel", .integer, sql: "channel::int8"),
            ]
        case .evaluations:
            [
                .init("auc", .number), .init("pauc", .number), .init("auc_low", .number), .init("auc_high", .number),
                .init("pauc_low", .number), .init("pauc_high", .number), .init("normal", .integer),
                .init("anomalous", .integer), .init("evaluated_at", .time),
            ]
        }
    }
}
