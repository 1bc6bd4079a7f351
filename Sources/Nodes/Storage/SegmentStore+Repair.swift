internal import CSupport
internal import FoundationEssentials
internal import Glibc

extension SegmentStore {
    /// The numbers of the segments on disk, ascending.
    func segmentNumbers() throws -> [Int64] {
        try FileManager.default.contentsOfDirectory(atPath: directory).compactMap { name in
            name.hasSuffix(".segment") ? Int64(name.dropLast(".segment".count)) : nil
        }.sorted()
    }

    /// Opens the last segment to go on with it: what a crash left behind the last whole record is cut off.
    ///
    /// Nothing that was acknowledged is lost, since a group is durable before it is acknowledged and records follow
    /// each other without gaps. Returns nil when another broker makes the segment grow still, or when the disk has no
    /// room for it to.
    func reopen(_ number: Int64) throws -> Segment? {
        let path = path(of: number)
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw PayloadStoreError(errno: errno, "open \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        do {
            let end = try endOfRecords(in: descriptor)
            let capacity = max(segmentBytes, end)
            guard ftruncate(descriptor, off_t(end)) == 0 else {
                throw PayloadStoreError(errno: errno, "repair \(path)")
            }
            let hasRoom = posix_fallocate(descriptor, 0, off_t(capacity)) == 0
            guard fsync(descriptor) == 0 else { throw PayloadStoreError(errno: errno, "repair \(path)") }
            guard hasRoom else {
                close(descriptor)
                return nil
            }
            return Segment(number: number, descriptor: descriptor, capacity: capacity, end: end)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func endOfRecords(in descriptor: Int32) throws -> Int64 {
        var end: Int64 = 0
        while let header = try Self.header(at: end, in: descriptor), header.payloadBytes >= 0,
            try isWhole(header, at: end, in: descriptor)
        {
            end = SegmentRecordHeader.end(of: header.payloadBytes, at: end)
        }
        return end
    }

    private func isWhole(_ header: SegmentRecordHeader, at offset: Int64, in descriptor: Int32) throws -> Bool {
        var checksum: UInt32 = 0
        var position = offset + Int64(SegmentRecordHeader.byteCount)
        let end = position + header.payloadBytes
        while position < end {
            let count = Int(min(end - position, 1 << 20))
            let isThere = try withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { bytes in
                let isThere = try Self.read(into: bytes, from: descriptor, at: position)
                if isThere { checksum = auscult_crc32c(checksum, bytes.baseAddress, count) }
                return isThere
            }
            guard isThere else { return false }
            position += Int64(count)
        }
        return checksum == header.payloadChecksum
    }
}
