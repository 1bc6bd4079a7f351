internal import CSupport
internal import Glibc
package import Messaging
package import Plant

extension SegmentStore {
    private static let readersLimit = 64

    /// Reads a payload back, in parts of at most 1 MiB.
    ///
    /// - Throws: `.damaged` when the bytes are not those that were written.
    package func read(_ location: SegmentLocation) throws -> [Frame] {
        let path = path(of: location.segment)
        let descriptor = try descriptor(of: location.segment)
        guard let header = try Self.header(at: location.offset, in: descriptor), header.payloadBytes == location.length
        else {
            throw PayloadStoreError(
                .damaged, "\(path) has no record of \(location.length) bytes at \(location.offset)")
        }
        var checksum: UInt32 = 0
        var parts: [Frame] = []
        var position = location.offset + Int64(SegmentRecordHeader.byteCount)
        let end = position + location.length
        while position < end {
            let part = try Frame(byteCount: Int(min(end - position, 1 << 20))) { bytes in
                guard try Self.read(into: bytes, from: descriptor, at: position) else {
                    throw PayloadStoreError(.damaged, "\(path) ends within the record at \(location.offset)")
                }
                checksum = auscult_crc32c(checksum, bytes.baseAddress, bytes.count)
            }
            parts.append(part)
            position += Int64(part.count)
        }
        guard checksum == header.payloadChecksum else {
            throw PayloadStoreError(.damaged, "the record at \(location.offset) of \(path) has a wrong checksum")
        }
        return parts
    }

    func descriptor(of number: Int64) throws -> Int32 {
        if let current, current.number == number { return current.descriptor }
        if let known = readers[number] { return known }
        if readers.count >= Self.readersLimit {
            for descriptor in readers.values { close(descriptor) }
            readers = [:]
        }
        let descriptor = open(path(of: number), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw PayloadStoreError(errno == ENOENT ? .damaged : .refused, Self.sentence("open \(path(of: number))"))
        }
        readers[number] = descriptor
        return descriptor
    }

    private static func sentence(_ what: String) -> String { "cannot \(what): \(String(cString: strerror(errno)))" }

    /// Nil where no header is.
    static func header(at offset: Int64, in descriptor: Int32) throws -> SegmentRecordHeader? {
        try withUnsafeTemporaryAllocation(byteCount: SegmentRecordHeader.byteCount, alignment: 8) { bytes in
            guard try read(into: bytes, from: descriptor, at: offset) else { return nil }
            return SegmentRecordHeader(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Fills `bytes`; false when the file ends before.
    static func read(into bytes: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64) throws -> Bool
    {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let count = pread(descriptor, start + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw PayloadStoreError(.refused, sentence("read a segment")) }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
