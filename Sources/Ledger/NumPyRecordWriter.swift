internal import PostgreSQL

/// Turns rows of `COPY ... (FORMAT binary)` into a NumPy file of records, one at a time.
///
/// Sources: NumPy's `format.py`, version 1.0 of the header; PostgreSQL's documentation of COPY, "Binary Format".
struct NumPyRecordWriter {
    struct Column: Hashable {
        enum Kind: String {
            case integer = "<i8"
            case number = "<f8"
            /// Microseconds since 1970; not a time where the database has none.
            case time = "<M8[us]"
        }

        let name: String
        let kind: Kind
        let sql: String

        init(_ name: String, _ kind: Kind, sql: String? = nil) {
            (self.name, self.kind, self.sql) = (name, kind, sql ?? name)
        }
    }

    private static let signature = 19
    private static let serverEpoch: Int64 = 946_684_800_000_000
    private static let notATime = Int64.min

    let columns: [Column]
    private var isFirst = true

    init(_ columns: [Column]) { self.columns = columns }

    /// What stands before the records; padded so that they begin at a multiple of 64 bytes.
    func header(rows: Int64) -> [UInt8] {
        let fields = columns.map { "('\($0.name)', '\($0.kind.rawValue)')" }.joined(separator: ", ")
        let text = "{'descr': [\(fields)], 'fortran_order': False, 'shape': (\(rows),), }"
        let length = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
        let padding = String(repeating: " ", count: length - text.utf8.count - 1)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
            + Array("\(text)\(padding)\n".utf8)
    }

    /// The record of one row as the server sent it; nil for the mark of the end.
    mutating func record(_ row: UnsafeRawBufferPointer) -> [UInt8]? {
        var offset = isFirst ? Self.signature : 0
        isFirst = false
        guard row.count > offset + 2 else { return nil }
        offset += 2
        var record: [UInt8] = []
        record.reserveCapacity(8 * columns.count)
        for column in columns {
            let length = Int32(bigEndian: row.loadUnaligned(fromByteOffset: offset, as: Int32.self))
            offset += 4
            var bits: Int64
            if length == 8 {
                bits = Int64(bigEndian: row.loadUnaligned(fromByteOffset: offset, as: Int64.self))
                if column.kind == .time { bits &+= Self.serverEpoch }
                offset += 8
            } else {
                // NULL, for all columns have eight bytes.
                bits = column.kind == .number ? Int64(bitPattern: Double.nan.bitPattern) : Self.notATime
            }
            withUnsafeBytes(of: bits.littleEndian) { record.append(contentsOf: $0) }
        }
        return record
    }
}
