/// Where the samples end: settled between the size of their chunk, the size of the file, and what is really there.
///
/// Recorders crash before they fill in sizes, stream without knowing them, or count them wrongly. An end is believed where
/// something else confirms it: the end of the file, the file's own size, the number of samples in `fact`, or what begins
/// there. Without an end, samples reach to the end of the file if the file is known to be whole. What is neither is
/// refused: it was cut on its way, or the samples cannot be told from what lies around them.
struct SampleExtent {
    let range: Range<Int>
    let warnings: [Recording.Warning]

    /// Android's recorders count their header of 44 bytes into the samples.
    private static let androidHeader = 44
    /// Zeros at the end of samples of unknown length: from a page on they may be room that was never written.
    private static let longestZeroTail = 4096

    /// - Parameter factByteCount: the bytes that the samples take according to `fact`.
    init(of chunk: RIFFBytes.Chunk, in file: RIFFBytes, factByteCount: Int?, clip: String) throws(AudioError) {
        let count = file.bytes.count
        var warnings: [Recording.Warning] = []
        var end: Int
        if let tail = Self.tail(of: chunk, in: file) {
            end = chunk.end
            let isBehind = tail.position < count && file.isStatedEnd(tail.position)
            if tail.kind == .appendage || isBehind {
                warnings.append(.trailingBytes(count - tail.position))
            } else if !file.isStatedEnd(count) {
                warnings.append(.wrongSize)
            }
            if !isBehind { try Self.checkFollowers(file.chain(from: tail.position) ?? [], clip: clip) }
        } else if chunk.end < count, chunk.statedSize > 0,
            [chunk.end, chunk.end + chunk.statedSize % 2].contains(file.statedEnd) || factByteCount == chunk.statedSize
        {
            end = chunk.end
            warnings.append(.trailingBytes(count - end))
        } else if Self.isOpen(chunk, in: file) {
            end = count
            warnings.append(.wrongSize)
        } else if chunk.end > count {
            throw AudioError(
                .truncated, clip: clip,
                "has \(count - chunk.start) of \(chunk.statedSize) bytes of samples. Send it again.")
        } else {
            throw AudioError(
                .malformed, clip: clip,
                "says that its samples end at byte \(chunk.end) of \(count), and nothing confirms it. "
                    + "Check the recorder that wrote it.")
        }

        switch file.intruder(in: chunk.start..<end) {
        case .chunks(let position):
            try Self.checkFollowers(file.bytes.fourCC(at: position).map { [$0] } ?? [], clip: clip)
            end = position
            if !warnings.contains(.wrongSize) { warnings.append(.wrongSize) }
        case .text(let position):
            throw AudioError(
                .malformed, clip: clip,
                "has text or another file among its samples, at byte \(position). Check the recorder that wrote it.")
        case nil: break
        }
        let zeros = file.bytes[chunk.start..<end].reversed().prefix { $0 == 0 }.count
        if end == count, Self.isOpen(chunk, in: file), zeros >= Self.longestZeroTail {
            throw AudioError(
                .malformed, clip: clip,
                "does not say where its samples end, and its last \(zeros) bytes are 0. Check the recorder.")
        }
        range = chunk.start..<end
        self.warnings = warnings
    }

    /// An empty chunk with sound behind it is one whose size was never filled in.
    private static func tail(
        of chunk: RIFFBytes.Chunk, in file: RIFFBytes
    ) -> (position: Int, kind: RIFFBytes.Tail)? {
        guard chunk.end <= file.bytes.count, let tail = file.tail(of: chunk) else { return nil }
        return chunk.statedSize == 0 && tail.kind == .appendage ? nil : tail
    }

    /// Whether the samples reach to the end of the file, by a size that means so or one that the whole file contradicts.
    private static func isOpen(_ chunk: RIFFBytes.Chunk, in file: RIFFBytes) -> Bool {
        let count = file.bytes.count
        let isWhole = file.statedEnd == count
        if chunk.statedSize == 0 || chunk.statedSize >= RIFFBytes.placeholder {
            return isWhole || file.statedEnd == nil || file.statedEnd == chunk.start
        }
        guard chunk.end > count, !chunk.isWord else { return false }
        return isWhole || chunk.end - count == androidHeader && file.statedEnd == count + androidHeader
    }

    /// Refuses files that describe themselves twice.
    private static func checkFollowers(_ names: [FourCC], clip: String) throws(AudioError) {
        for name in names where name == "data" || name == "fmt " {
            throw AudioError(
                .malformed, clip: clip,
                "\(name == "data" ? "has samples in two places" : "describes its format twice"). "
                    + "Check the recorder that wrote it.")
        }
    }
}
