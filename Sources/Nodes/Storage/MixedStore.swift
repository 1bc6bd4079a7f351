internal import Messaging
internal import Plant

/// Files and rows side by side: new payloads go where the broker was told to put them, old ones are read from where
/// they lie.
final class MixedStore: PayloadStore {
    private let files: SegmentStore
    private let rows: RowStore
    private let newest: any PayloadStore

    init(files: SegmentStore, rows: RowStore, place: PayloadPlace) {
        self.files = files
        self.rows = rows
        newest = place == .segments ? files : rows
    }

    func append(_ payloads: [[Frame]]) throws -> [SegmentLocation] { try newest.append(payloads) }

    func read(_ location: SegmentLocation, _ hash: ContentHash) throws -> [Frame] {
        try location.segment < 0 ? rows.read(location, hash) : files.read(location, hash)
    }

    func segments(untouchedForSeconds seconds: Int64) throws -> [Int64] {
        try rows.segments(untouchedForSeconds: seconds) + files.segments(untouchedForSeconds: seconds)
    }

    func remove(_ segments: [Int64]) throws {
        try rows.remove(segments.filter { $0 < 0 })
        try files.remove(segments.filter { $0 >= 0 })
    }
}

/// Where a broker puts the bytes of clips and content.
package enum PayloadPlace: String, CaseIterable, Sendable {
    /// In segment files of its data directory.
    case segments
    /// In rows of the database.
    case bytea
}
