internal import CSupport
package import Ledger
package import Messaging
package import Plant

/// Payloads as rows of the database: for sites so small that it may hold the clips' bytes as well, and for pairs of
/// brokers that see no common disk.
///
/// Each payload is a segment of its own, whose number is negative; positive ones are files.
package final class RowStore: PayloadStore {
    private let kind: PayloadKind
    private let makeLedger: () throws -> any PayloadLedger
    private var opened: (any PayloadLedger)?

    /// - Parameter makeLedger: called, on the thread that uses the store, when it is first needed.
    package init(_ kind: PayloadKind, makeLedger: @escaping () throws -> any PayloadLedger) {
        self.kind = kind
        self.makeLedger = makeLedger
    }

    package func append(_ payloads: [[Frame]]) throws -> [SegmentLocation] {
        let rows = payloads.map { parts in
            let bytes = parts.flatMap(\.bytes)
            return StoredPayload(bytes: bytes, checksum: Self.checksum(bytes))
        }
        let numbers = try ask { try $0.store(rows, as: kind) }
        return zip(numbers, rows).map { SegmentLocation(segment: -$0, offset: 0, length: Int64($1.bytes.count)) }
    }

    package func read(_ location: SegmentLocation, _ hash: ContentHash) throws -> [Frame] {
        let (number, overflows) = Int64(0).subtractingReportingOverflow(location.segment)
        guard !overflows, let row = try ask({ try $0.payload(number, of: kind) }) else {
            throw PayloadStoreError(.damaged, "the payload \(number) in the database is lost")
        }
        guard ContentHash(of: row.bytes) == hash else {
            throw PayloadStoreError(
                .damaged,
                "the \(row.bytes.count) bytes of payload \(number) in the database are not those that were stored")
        }
        return Frame.payload(row.bytes)
    }

    package func segments(untouchedForSeconds seconds: Int64) throws -> [Int64] {
        try ask { try $0.payloads(storedBefore: seconds, of: kind, limit: Self.listed) }.map { -$0 }.reversed()
    }

    package func remove(_ segments: [Int64]) throws { try ask { try $0.dropPayloads(segments.map { -$0 }, of: kind) } }

    /// Payloads looked at in one go.
    private static let listed = 1_000_000

    private func ask<Answer>(_ body: (any PayloadLedger) throws -> Answer) throws -> Answer {
        do {
            let ledger = try opened ?? makeLedger()
            opened = ledger
            return try body(ledger)
        } catch let error as LedgerError {
            throw PayloadStoreError(error)
        }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { auscult_crc32c(0, $0.baseAddress, $0.count) }
    }
}

extension PayloadStoreError {
    fileprivate init(_ error: LedgerError) {
        self.init(error.mayPass ? .unavailable : .refused, error.description)
    }
}
