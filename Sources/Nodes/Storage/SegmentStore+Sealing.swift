internal import Files
internal import Glibc
internal import Logging
internal import Plant

extension SegmentStore {
    /// What is no segment is named, and left alone.
    func nameStrangers(_ names: [String]) {
        let strangers = names.filter { SegmentName(text: $0) == nil }
        guard !strangers.isEmpty else { return }
        let listed = strangers.prefix(10).map(\.debugDescription).joined(separator: ", ")
        logger.warning("\(folder.path) holds \(strangers.count) files that are no segments; left alone: \(listed)")
    }

    /// Gives back the room that a segment never used, unless a living broker makes it grow.
    ///
    /// Nothing that was written is cut: neither what a row names, however damaged, nor records behind it. A crash leaves
    /// there what nobody was told to be stored; it harms nobody.
    func seal(_ number: Int64, behind last: SegmentLocation?) throws {
        guard let name = SegmentName(number) else { return }
        let file = try folder.open(name.text, .change)
        guard try file.lock() else { return }
        let byteCount = try file.byteCount
        var end = last.map { SegmentRecordHeader.end(of: $0.length, at: $0.offset) } ?? 0
        guard end <= byteCount else {
            return logger.error(
                "\(file.path) is damaged: it ends at \(byteCount), and clips reach to \(end); 'auscult db scrub' names them"
            )
        }
        while let header = try SegmentRecordHeader(at: end, in: file) {
            let next = SegmentRecordHeader.end(of: header.payloadBytes, at: end)
            guard next <= byteCount else { break }
            end = next
        }
        guard try file.isBlank(at: end, byteCount: SegmentRecordHeader.byteCount) else {
            return logger.warning(
                "\(file.path) holds at \(end), behind the last clip, what is no record; it is left as it is")
        }
        try file.truncate(to: end)
        try file.synchronise()
    }
}

extension SegmentRecordHeader {
    /// Nil where no header is, or one of more than a file can hold.
    init?(at offset: Int64, in file: OpenFile) throws(FileError) {
        let bytes = try file.bytes(Self.byteCount, at: offset)
        guard let header = bytes.withUnsafeBytes({ SegmentRecordHeader($0) }),
            (0..<Int64.max / 2).contains(header.payloadBytes)
        else { return nil }
        self = header
    }
}

extension OpenFile {
    /// Whether nothing was ever written there.
    fileprivate func isBlank(at offset: Int64, byteCount: Int) throws(FileError) -> Bool {
        try bytes(byteCount, at: offset).allSatisfy { $0 == 0 }
    }
}
