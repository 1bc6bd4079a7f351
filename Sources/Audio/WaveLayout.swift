/// Where the samples of a WAV file lie, found without trusting any size in the file.
struct WaveLayout {
    let format: WaveFormat
    /// The bytes of all whole frames.
    let data: Range<Int>
    let warnings: [Recording.Warning]

    init(_ bytes: UnsafeRawBufferPointer, clip: String) throws(AudioError) {
        func truncated(_ what: String) -> AudioError {
            AudioError(.truncated, clip: clip, "\(what). Send it again.")
        }
        func malformed(_ what: String) -> AudioError {
            AudioError(.malformed, clip: clip, "\(what). Check the recorder that wrote it.")
        }
        guard bytes.count >= 12 else { throw truncated("ends within its header") }
        guard bytes.fourCC(at: 8) == "WAVE" else {
            throw AudioError(.notAudio, clip: clip, "is a RIFF file without sound. Send WAV or FLAC.")
        }
        var chunks = ChunkScan(bytes)
        var format: WaveFormat?
        var extent: SampleExtent?
        while let chunk = chunks.next() {
            switch chunk.name {
            case "fmt ":
                guard format == nil else { throw malformed("describes its format twice") }
                guard chunk.start + min(chunk.statedSize, 40) <= bytes.count else {
                    throw truncated("ends within its format")
                }
                format = try WaveFormat(chunks.content(of: chunk), clip: clip)
            case "data":
                guard format != nil else { throw malformed("has samples before their format") }
                guard extent == nil else { throw malformed("has samples in two places") }
                let found = try SampleExtent(of: chunk, in: chunks, clip: clip)
                chunks.skip(to: found.next)
                extent = found
            default: break
            }
        }
        guard let format, let extent else { throw truncated("ends before its samples begin") }
        self.format = format
        let remainder = extent.range.count % max(1, format.frameByteCount)
        data = extent.range.dropLast(remainder)
        warnings =
            (chunks.foundDamage ? [.damagedChunk] : []) + (extent.warning.map { [$0] } ?? [])
            + (remainder > 0 ? [.partialFrame(byteCount: remainder)] : [])
    }
}

/// Where the samples end: settled between the size of their chunk, the size of the file, and what is really there.
///
/// Recorders crash before they fill in sizes, or stream without knowing them. A size that is a placeholder, or that the
/// other size contradicts, means "to the end of the file". A file that its sizes call longer than it is was cut on its
/// way, and is refused so that the sender sends it again.
private struct SampleExtent {
    let range: Range<Int>
    /// Where the walk over the chunks continues.
    let next: Int
    let warning: Recording.Warning?

    /// From this size on, 2 GiB less a page, writers mean "unknown".
    private static let placeholder = 0x7fff_f000

    init(of chunk: ChunkScan.Chunk, in file: ChunkScan, clip: String) throws(AudioError) {
        let count = file.bytes.count
        let end = chunk.start + chunk.statedSize
        let isKnown = chunk.statedSize > 0 && chunk.statedSize < Self.placeholder
        let isFileSizeKnown = file.statedFileSize > 8 && file.statedFileSize < Self.placeholder
        let wasLonger = isFileSizeKnown && file.statedFileSize > count

        if let boundary = file.boundary(after: chunk) {
            (range, next, warning) = (chunk.start..<end, boundary, nil)
        } else if isKnown, end <= count, wasLonger || (end...end + 1).contains(file.statedFileSize) {
            (range, next, warning) = (chunk.start..<end, count, .trailingBytes(count - end))
        } else if isKnown, end > count, wasLonger || !isFileSizeKnown {
            throw AudioError(
                .truncated, clip: clip,
                "has \(count - chunk.start) of \(chunk.statedSize) bytes of samples. Send it again.")
        } else {
            (range, next, warning) = (chunk.start..<count, count, .wrongSize)
        }
    }
}
