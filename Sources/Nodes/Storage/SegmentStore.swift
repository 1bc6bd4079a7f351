internal import CSupport
internal import Glibc
package import Messaging
package import Plant

/// Payloads on disk: appended to numbered segment files, found again by their location.
///
/// `append` returns once the bytes are durable. Segments are preallocated, so a full disk shows before a record is
/// begun. A record that a crash cut short is cut off when the store is opened. Belongs to one thread: calls block.
///
/// The brokers of a cluster share the directory. A segment is locked by the one that makes it grow, for as long as its
/// process lives; all read all of them.
package final class SegmentStore: PayloadStore {
    let directory: String
    private let directoryDescriptor: Int32
    let segmentBytes: Int64
    private let synchronise: (Int32) -> Int32
    /// The segment that grows, nil until the first record after a full one.
    private(set) var current: Segment?
    private var nextNumber: Int64
    /// Descriptors of older segments, opened when first read.
    var readers: [Int64: Int32] = [:]

    struct Segment {
        let number: Int64
        let descriptor: Int32
        let capacity: Int64
        var end: Int64
    }

    /// Opens the store in a directory, which is made if need be, and repairs its last segment.
    ///
    /// - Parameter synchronise: makes what a descriptor has durable, `fdatasync`.
    package init(
        directory: String, segmentBytes: Int64 = 256 << 20,
        synchronise: @escaping (Int32) -> Int32 = { fdatasync($0) }
    ) throws {
        precondition(segmentBytes > 0, "a segment needs room, not \(segmentBytes) bytes")
        self.directory = directory
        self.segmentBytes = segmentBytes
        self.synchronise = synchronise
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw PayloadStoreError(errno: errno, "make the directory \(directory)")
        }
        directoryDescriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directoryDescriptor >= 0 else { throw PayloadStoreError(errno: errno, "open the directory \(directory)") }
        nextNumber = 1
        guard let last = try segmentNumbers().last else { return }
        nextNumber = last + 1
        current = try reopen(last)
    }

    deinit {
        if let current { close(current.descriptor) }
        for descriptor in readers.values { close(descriptor) }
        close(directoryDescriptor)
    }

    /// Writes payloads, each given as its parts, and makes them durable together.
    ///
    /// - Throws: `.full` before anything of the group counts; `.syncFailed` when the process must end.
    package func append(_ payloads: [[Frame]]) throws -> [SegmentLocation] {
        var locations: [SegmentLocation] = []
        for payload in payloads { locations.append(try write(payload)) }
        try sync()
        return locations
    }

    private func write(_ parts: [Frame]) throws -> SegmentLocation {
        let length = parts.reduce(0) { $0 + Int64($1.count) }
        var segment = try segment(withRoomFor: length)
        var checksum: UInt32 = 0
        for part in parts { part.withUnsafeBytes { checksum = auscult_crc32c(checksum, $0.baseAddress, $0.count) } }
        let header = SegmentRecordHeader(payloadBytes: length, payloadChecksum: checksum).bytes
        let location = SegmentLocation(segment: segment.number, offset: segment.end, length: length)
        var position = segment.end
        try header.withUnsafeBytes { bytes in
            try Self.writeAll(bytes, to: segment.descriptor, at: position)
        }
        position += Int64(header.count)
        for part in parts {
            try part.withUnsafeBytes { bytes in
                try Self.writeAll(bytes, to: segment.descriptor, at: position)
            }
            position += Int64(part.count)
        }
        segment.end = SegmentRecordHeader.end(of: length, at: segment.end)
        current = segment
        return location
    }

    private static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) throws {
        var written = 0
        while written < bytes.count, let start = bytes.baseAddress {
            let count = pwrite(descriptor, start + written, bytes.count - written, off_t(offset) + off_t(written))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw PayloadStoreError(errno: errno, "write to a segment") }
            written += count
        }
    }

    private func sync() throws {
        guard let current, synchronise(current.descriptor) != 0 else { return }
        throw PayloadStoreError(
            .syncFailed,
            """
            fdatasync of \(path(of: current.number)) failed (\(String(cString: strerror(errno)))): what is on disk is \
            unknown; check the disk, then start again
            """)
    }

    private func segment(withRoomFor payloadBytes: Int64) throws -> Segment {
        if let current, SegmentRecordHeader.end(of: payloadBytes, at: current.end) <= current.capacity {
            return current
        }
        if let full = current {
            try sync()
            // What was preallocated and not used goes back to the file system.
            _ = ftruncate(full.descriptor, off_t(full.end))
            close(full.descriptor)
            current = nil
        }
        let capacity = max(segmentBytes, SegmentRecordHeader.end(of: payloadBytes, at: 0))
        while true {
            let made = try create(nextNumber, capacity: capacity)
            nextNumber += 1
            guard let made else { continue }
            current = made
            return made
        }
    }

    /// Makes the next segment, nil when another broker has just made one of this number.
    private func create(_ number: Int64, capacity: Int64) throws -> Segment? {
        let path = path(of: number)
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { return nil }
            throw PayloadStoreError(errno: errno, "make \(path)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        let outcome = posix_fallocate(descriptor, 0, off_t(capacity))
        guard outcome == 0, fsync(descriptor) == 0, fsync(directoryDescriptor) == 0 else {
            let number = outcome == 0 ? errno : outcome
            close(descriptor)
            unlink(path)
            throw PayloadStoreError(errno: number, "reserve \(capacity) bytes for \(path)")
        }
        return Segment(number: number, descriptor: descriptor, capacity: capacity, end: 0)
    }

    func path(of number: Int64) -> String {
        let digits = String(number)
        return "\(directory)/\(String(repeating: "0", count: max(0, 10 - digits.count)))\(digits).segment"
    }
}
