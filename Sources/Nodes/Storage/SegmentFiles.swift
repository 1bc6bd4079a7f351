package import Files
internal import Glibc
package import Messaging
package import Plant

/// The segment files of a folder, to be read: payloads are found by their location and proved by their hash.
///
/// Belongs to one thread: calls block.
package final class SegmentFiles {
    private static let readersLimit = 64
    private static let partBytes: Int64 = 1 << 20

    let folder: Folder
    /// Files that were read lately.
    private var readers: [Int64: OpenFile] = [:]

    package init(_ folder: Folder) { self.folder = folder }

    /// The numbers of the segments there are, ascending.
    func numbers() throws(FileError) -> [Int64] {
        try folder.names().compactMap { SegmentName(text: $0)?.number }.sorted()
    }

    /// Reads a payload back, in parts of at most 1 MiB.
    ///
    /// Its hash alone decides: whatever the record's header says, bytes that have it are those that were stored.
    ///
    /// - Throws: `.damaged` when the bytes do not have the hash.
    package func read(_ location: SegmentLocation, _ hash: ContentHash) throws -> [Frame] {
        do {
            let parts = try read(location)
            guard ContentHash(of: parts) == hash else {
                throw PayloadStoreError(
                    .damaged,
                    """
                    \(location.length) bytes at \(location.offset) of \(path(of: location.segment)) are not those that \
                    were stored
                    """)
            }
            return parts
        } catch let error as FileError {
            guard error.isMissing else { throw PayloadStoreError(error) }
            throw PayloadStoreError(.damaged, "\(path(of: location.segment)) is lost")
        }
    }

    private func read(_ location: SegmentLocation) throws -> [Frame] {
        let file = try file(location.segment)
        let byteCount = try file.byteCount
        let begin = location.offset.addingReportingOverflow(Int64(SegmentRecordHeader.byteCount))
        let end = begin.partialValue.addingReportingOverflow(location.length)
        guard location.offset >= 0, location.length >= 0, !begin.overflow, !end.overflow,
            end.partialValue <= byteCount
        else {
            throw PayloadStoreError(
                .damaged, "\(file.path) ends at \(byteCount), before the \(location.length) bytes at \(location.offset)"
            )
        }
        return try stride(from: begin.partialValue, to: end.partialValue, by: Int(Self.partBytes)).map { position in
            try Frame(byteCount: Int(min(end.partialValue - position, Self.partBytes))) { bytes in
                guard try file.read(into: bytes, at: position) == bytes.count else {
                    throw PayloadStoreError(.damaged, "\(file.path) has become shorter while it was read")
                }
            }
        }
    }

    func file(_ number: Int64) throws -> OpenFile {
        if let known = readers[number] { return known }
        guard let name = SegmentName(number) else {
            throw PayloadStoreError(.damaged, "\(folder.path) never had a segment \(number)")
        }
        if readers.count >= Self.readersLimit { readers = [:] }
        let file = try folder.open(name.text, .read)
        readers[number] = file
        return file
    }

    func remove(_ number: Int64) throws(FileError) {
        readers[number] = nil
        guard let name = SegmentName(number) else { return }
        try folder.remove(name.text)
    }

    private func path(of number: Int64) -> String {
        "\(folder.path)/\(SegmentName(number)?.text ?? "segment \(number)")"
    }
}

extension ContentHash {
    /// Of all frames, one after the other.
    init(of frames: [Frame]) {
        self.init { update in
            for frame in frames { frame.withUnsafeBytes { update($0) } }
        }
    }
}
