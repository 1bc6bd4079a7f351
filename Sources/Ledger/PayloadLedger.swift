/// Payloads as rows of the database, for sites so small that it may hold the clips' bytes as well.
package protocol PayloadLedger: Sendable {
    /// Makes payloads durable rows, all or none; returns their numbers, from 1, in the order given.
    func store(_ payloads: [StoredPayload], as kind: PayloadKind) throws -> [Int64]

    /// Nil where no such row is.
    func payload(_ number: Int64, of kind: PayloadKind) throws -> StoredPayload?

    /// The numbers of the oldest payloads that were stored so long ago.
    func payloads(storedBefore seconds: Int64, of kind: PayloadKind, limit: Int) throws -> [Int64]

    func dropPayloads(_ numbers: [Int64], of kind: PayloadKind) throws
}

package enum PayloadKind: Hashable, Sendable {
    case clips
    /// What is kept by its hash.
    case content
}

/// Bytes with the checksum they had when they were stored.
package struct StoredPayload: Hashable, Sendable {
    package var bytes: [UInt8]
    /// CRC-32C.
    package var checksum: UInt32

    package init(bytes: [UInt8], checksum: UInt32) {
        self.bytes = bytes
        self.checksum = checksum
    }
}
