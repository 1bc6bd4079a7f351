/// Walks over the chunks of a RIFF file, finding its way again after a damaged one.
///
/// Source: Microsoft RIFF; EBU Tech 3306 (RF64) and ITU-R BS.2088 (BW64) for sizes that need 64 bits.
struct ChunkScan {
    struct Chunk {
        let name: FourCC
        /// Where the chunk's content begins.
        let start: Int
        /// What the chunk says of its length.
        let statedSize: Int
    }

    let bytes: UnsafeRawBufferPointer
    /// What the header says of the file's length.
    private(set) var statedFileSize: Int
    private(set) var foundDamage = false
    private var longDataSize: Int?
    private var offset = 12
    /// The chunks to look for where the file makes no sense.
    private var searched: Set<FourCC> = ["fmt ", "data"]

    /// - Parameter bytes: at least the 12 bytes of a RIFF header.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        statedFileSize = 8 + Int(bytes.littleEndian(at: 4, as: UInt32.self))
    }

    /// The next chunk. Where the samples of `data` end is not settled here: continue behind them with `skip(to:)`.
    mutating func next() -> Chunk? {
        guard let chunk = chunk(at: offset) else { return nil }
        if chunk.name == "data" { return chunk }
        if chunk.name == "fmt " { searched = ["data"] }
        if chunk.name == "ds64" { readLongSizes(content(of: chunk)) }
        if let next = boundary(after: chunk) {
            offset = next
            return chunk
        }
        // A wrong size may jump over what follows, so the search begins within the chunk.
        foundDamage = true
        offset =
            (offset + 1..<bytes.count).first { bytes.fourCC(at: $0).map(searched.contains) ?? false } ?? bytes.count
        return chunk.name == "fmt " ? chunk : next()
    }

    mutating func skip(to position: Int) {
        offset = position
    }

    /// Where the next chunk begins or the file ends, if the chunk's size leads there.
    ///
    /// Chunks begin at even offsets, but some writers forget the pad byte behind an odd size.
    func boundary(after chunk: Chunk) -> Int? {
        let end = chunk.start + chunk.statedSize
        return [end + chunk.statedSize % 2, end].first(where: isBoundary)
    }

    /// The bytes of a chunk, as far as the file reaches.
    func content(of chunk: Chunk) -> UnsafeRawBufferPointer {
        let end = chunk.start + min(chunk.statedSize, bytes.count - chunk.start)
        return UnsafeRawBufferPointer(rebasing: bytes[chunk.start..<end])
    }

    private func chunk(at offset: Int) -> Chunk? {
        guard offset <= bytes.count - 8, let name = bytes.fourCC(at: offset) else { return nil }
        var size = Int(bytes.littleEndian(at: offset + 4, as: UInt32.self))
        if name == "data", size == 0xffff_ffff, let longDataSize { size = longDataSize }
        return Chunk(name: name, start: offset + 8, statedSize: size)
    }

    private func isBoundary(_ position: Int) -> Bool {
        guard let chunk = chunk(at: position) else { return position == bytes.count }
        return chunk.name == "data" || chunk.name.isPrintable && chunk.statedSize <= bytes.count - chunk.start
    }

    private mutating func readLongSizes(_ content: UnsafeRawBufferPointer) {
        guard bytes.fourCC(at: 0) != "RIFF", content.count >= 16 else { return }
        let largest = UInt64(1) << 60
        statedFileSize = 8 + Int(min(content.littleEndian(at: 0, as: UInt64.self), largest))
        longDataSize = Int(min(content.littleEndian(at: 8, as: UInt64.self), largest))
    }
}
