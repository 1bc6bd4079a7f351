internal import CSupport
internal import Files
internal import Glibc
internal import Logging
package import Messaging
package import Plant

/// Payloads on disk: appended to numbered segment files, found again by their location, and proved by their hash.
///
/// `append` returns once the bytes are durable. Segments are preallocated, so a full disk shows before a record is
/// begun. Belongs to one thread: calls block.
///
/// A segment grows under one broker's lead and never again: whoever leads next begins another, so that nothing that
/// happened to a segment meanwhile can touch what comes later. The brokers of a cluster share the directory; a segment
/// is locked by the one that makes it grow, and all read all of them.
package final class SegmentStore: PayloadStore {
    private let files: SegmentFiles
    var folder: Folder { files.folder }
    let segmentBytes: Int64
    let logger = Logger(label: "auscult.broker")
    private let synchronise: (Int32) -> Int32
    /// The segment that grows, nil until the first record and after a full one.
    private var current: Segment?
    private var nextNumber: Int64

    private struct Segment {
        let number: Int64
        let file: OpenFile
        let capacity: Int64
        var end: Int64
    }

    /// Opens the store in a directory, which is made if need be, and gives back the room that the last segment never used.
    ///
    /// - Parameters:
    ///   - reach: asks the database how far the rows reach, given the last segment there is, 0 for none.
    ///   - synchronise: makes what a descriptor has durable, `fdatasync`.
    package init(
        directory: String, segmentBytes: Int64 = 256 << 20, reach: (Int64) throws -> SegmentReach,
        synchronise: @escaping (Int32) -> Int32 = { fdatasync($0) }
    ) throws {
        precondition(segmentBytes > 0, "a segment needs room, not \(segmentBytes) bytes")
        self.segmentBytes = segmentBytes
        self.synchronise = synchronise
        files = SegmentFiles(try Folder(directory))
        nextNumber = 0
        nameStrangers(try files.folder.names())
        let last = try files.numbers().last ?? 0
        let known = try reach(last)
        // A segment that was lost keeps its number: its clips must never find those of another under it.
        nextNumber = max(last, known.lastSegment) + 1
        if last > 0 { try seal(last, behind: known.lastLocation) }
    }

    deinit {
        guard let current else { return }
        do throws(FileError) {
            try current.file.truncate(to: current.end)
        } catch {
            logger.warning("\(error)")
        }
    }

    /// Writes payloads, each given as its parts, and makes them durable together.
    ///
    /// - Throws: `.full` before anything of the group counts; `.syncFailed` when the process must end.
    package func append(_ payloads: [[Frame]]) throws -> [SegmentLocation] {
        do {
            var locations: [SegmentLocation] = []
            for payload in payloads { locations.append(try write(payload)) }
            try sync()
            return locations
        } catch let error as FileError {
            throw PayloadStoreError(error)
        }
    }

    package func read(_ location: SegmentLocation, _ hash: ContentHash) throws -> [Frame] {
        try files.read(location, hash)
    }

    private func write(_ parts: [Frame]) throws -> SegmentLocation {
        let length = parts.reduce(0) { $0 + Int64($1.count) }
        var segment = try segment(withRoomFor: length)
        var checksum: UInt32 = 0
        for part in parts { part.withUnsafeBytes { checksum = auscult_crc32c(checksum, $0.baseAddress, $0.count) } }
        let header = SegmentRecordHeader(payloadBytes: length, payloadChecksum: checksum).bytes
        let location = SegmentLocation(segment: segment.number, offset: segment.end, length: length)
        var position = segment.end
        try segment.file.write(header, at: position)
        position += Int64(header.count)
        for part in parts {
            try part.withUnsafeBytes { try segment.file.write($0, at: position) }
            position += Int64(part.count)
        }
        segment.end = SegmentRecordHeader.end(of: length, at: segment.end)
        current = segment
        return location
    }

    private func sync() throws {
        guard let current, synchronise(current.file.descriptor) != 0 else { return }
        throw PayloadStoreError(
            .syncFailed,
            """
            fdatasync of \(current.file.path) failed (\(String(cString: strerror(errno)))): what is on disk is \
            unknown; check the disk, then start again
            """)
    }

    private func segment(withRoomFor payloadBytes: Int64) throws -> Segment {
        if let current, SegmentRecordHeader.end(of: payloadBytes, at: current.end) <= current.capacity {
            return current
        }
        if let full = current {
            try sync()
            try full.file.truncate(to: full.end)
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
        guard let name = SegmentName(number) else {
            throw PayloadStoreError(
                .refused, "\(folder.path) holds the last segment there can be: is it ours? If not, move it away")
        }
        let file: OpenFile
        do throws(FileError) {
            file = try folder.open(name.text, .create)
        } catch {
            if error.isThere { return nil }
            throw error
        }
        guard try file.lock() else { return nil }
        do {
            try file.reserve(capacity)
            try file.synchronise()
            try folder.synchronise()
        } catch {
            try folder.remove(name.text)
            throw error
        }
        return Segment(number: number, file: file, capacity: capacity, end: 0)
    }

    // MARK: retention

    /// The newest segment always stays: the next one's number follows from it, and numbers are never used twice.
    package func segments(untouchedForSeconds seconds: Int64) throws -> [Int64] {
        let now = time(nil)
        return try files.numbers().dropLast().filter { number in
            guard number != current?.number, let name = SegmentName(number),
                let glance = folder.glance(at: name.text), Int64(now - glance.changedAt) >= seconds
            else { return false }
            return try !isGrowing(number)
        }
    }

    /// Whether a living broker adds to the segment.
    private func isGrowing(_ number: Int64) throws -> Bool {
        let file = try files.file(number)
        guard try file.lock() else { return true }
        file.unlock()
        return false
    }

    package func remove(_ segments: [Int64]) throws {
        for number in segments {
            precondition(number != current?.number, "segment \(number) grows still")
            do throws(FileError) {
                try files.remove(number)
            } catch {
                throw PayloadStoreError(error)
            }
        }
    }
}
