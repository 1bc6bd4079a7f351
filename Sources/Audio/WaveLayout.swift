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
        guard bytes.count >= RIFFBytes.firstChunk else { throw truncated("ends within its header") }
        guard bytes.fourCC(at: 8) == "WAVE" else {
            throw AudioError(.notAudio, clip: clip, "is a RIFF file without sound. Send WAV or FLAC.")
        }
        var walk = ChunkWalk(bytes)
        try walk.run(clip: clip)
        guard let format = walk.format, let samples = walk.samples else {
            throw walk.isIntact
                ? truncated("ends before its samples begin")
                : AudioError(
                    .malformed, clip: clip,
                    "has a damaged chunk before its samples, and they cannot be found for certain. "
                        + "Check the recorder that wrote it.")
        }
        let frame = max(1, format.frameByteCount)
        let extent = try SampleExtent(
            of: samples, in: walk.file, factByteCount: walk.factFrames.map { $0 * frame }, clip: clip)
        let remainder = extent.range.count % frame
        if remainder > 0 {
            try Self.checkPartialFrame(
                extent, missing: frame - remainder, of: samples, fileByteCount: bytes.count, clip)
        }

        self.format = format
        data = extent.range.dropLast(remainder)
        warnings =
            (walk.isIntact ? [] : [.damagedChunk]) + format.warnings + extent.warnings
            + (remainder > 0 ? [.partialFrame(byteCount: remainder)] : [])
    }

    /// Refuses an incomplete last frame where it shows that the samples were counted wrongly or cut.
    private static func checkPartialFrame(
        _ extent: SampleExtent, missing: Int, of samples: RIFFBytes.Chunk, fileByteCount: Int, _ clip: String
    ) throws(AudioError) {
        if extent.warnings.contains(.wrongSize), extent.range.upperBound != samples.end {
            throw AudioError(
                .truncated, clip: clip,
                "was cut off while it was written: its sizes are missing and its last frame is incomplete. "
                    + "Record it again.")
        }
        // The pad byte may be the last of the frame, counted out.
        if missing == 1, extent.range.count % 2 == 1, extent.range.upperBound < fileByteCount {
            throw AudioError(
                .malformed, clip: clip,
                "says that its last frame lacks a byte, and a byte follows. Check the recorder that wrote it.")
        }
    }
}

/// The way over the chunks to the samples, and the search for them behind a damaged one.
private struct ChunkWalk {
    private(set) var file: RIFFBytes
    private(set) var format: WaveFormat?
    /// Samples per channel, where the file says so.
    private(set) var factFrames: Int?
    private(set) var samples: RIFFBytes.Chunk?
    /// Whether every chunk led to the next.
    private(set) var isIntact = true
    private var position = RIFFBytes.firstChunk

    init(_ bytes: UnsafeRawBufferPointer) {
        file = RIFFBytes(bytes)
    }

    mutating func run(clip: String) throws(AudioError) {
        while let chunk = file.chunk(at: position) {
            switch chunk.name.lowercased {
            case "fmt ":
                guard chunk.start + min(chunk.statedSize, 40) <= file.bytes.count else {
                    throw AudioError(.truncated, clip: clip, "ends within its format. Send it again.")
                }
                guard format == nil else {
                    throw AudioError(.malformed, clip: clip, "describes its format twice. Check the recorder.")
                }
                format = try WaveFormat(file.content(of: chunk), clip: clip)
            case "data":
                guard format != nil else {
                    throw AudioError(.malformed, clip: clip, "has samples before their format. Check the recorder.")
                }
                if chunk.name != "data" { isIntact = false }
                samples = chunk
                return
            case "ds64": file.readLongSizes(chunk)
            case "fact" where chunk.statedSize >= 4 && chunk.start + 4 <= file.bytes.count:
                factFrames = Int(file.bytes.littleEndian(at: chunk.start, as: UInt32.self))
            default: break
            }
            let rest = file.bytes.count - chunk.end
            guard let next = file.step(over: chunk) ?? ((0..<8).contains(rest) ? chunk.end : nil) else { break }
            position = next
        }
        // Too few bytes for another chunk: the way ends here, or the file was cut.
        guard file.bytes.count - position >= 8 else { return }
        isIntact = false
        if format == nil { format = searchFormat() }
        if format != nil { samples = file.provenSamples(from: position) }
    }

    /// A description of the format behind damage: at an even offset, sound in itself, with a chunk behind it.
    private mutating func searchFormat() -> WaveFormat? {
        for place in stride(from: position + position % 2, to: file.bytes.count - 8, by: 2) {
            guard let chunk = file.chunk(at: place), chunk.name == "fmt ", (16...64).contains(chunk.statedSize),
                file.chunk(at: chunk.end) != nil, let format = try? WaveFormat(file.content(of: chunk), clip: "")
            else { continue }
            position = chunk.end
            return format
        }
        return nil
    }
}
