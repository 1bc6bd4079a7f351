/// The bytes of a RIFF file: whether a chunk begins at any of them, and what proves it.
///
/// Source: Microsoft RIFF; EBU Tech 3306 (RF64) and ITU-R BS.2088 (BW64) for sizes that need 64 bits.
struct RIFFBytes {
    struct Chunk {
        let name: FourCC
        /// Where the chunk's content begins.
        let start: Int
        /// What the chunk says of its length.
        let statedSize: Int

        var end: Int { start + statedSize }
        /// Whether the size is four letters, so that the name may be a word of a text.
        var isWord: Bool { FourCC.isPrintable(UInt32(truncatingIfNeeded: statedSize)) }
    }

    /// What lies where a chunk ends.
    enum Tail: Equatable {
        /// Whole chunks up to the end of the file, or nothing.
        case chunks
        /// What no reader of sound needs, though no chunks in good order: tags, zeros, metadata that are damaged or cut.
        case appendage
    }

    /// Of the header, form type and first chunk.
    static let firstChunk = 12
    /// From this size on, 2 GiB less a page, writers mean "unknown".
    static let placeholder = 0x7fff_f000

    /// Chains longer than this prove nothing.
    private static let longestChain = 64
    /// Fewer zeros than this, a sector, may be sound.
    private static let shortestZeroTail = 512
    /// A name that proves nothing this often ends a search.
    private static let mostFalseNames = 4096

    let bytes: UnsafeRawBufferPointer
    /// Where the header says the file ends; nil where it says that it does not know.
    private(set) var statedEnd: Int?
    private var longDataSize: Int?

    /// - Parameter bytes: at least the 12 bytes of a RIFF header.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        statedEnd = Self.end(ofStatedSize: Int(bytes.littleEndian(at: 4, as: UInt32.self)))
    }

    /// Takes the sizes that did not fit into 32 bits.
    mutating func readLongSizes(_ chunk: Chunk) {
        let content = content(of: chunk)
        guard bytes.fourCC(at: 0) != "RIFF", content.count >= 16 else { return }
        let largest = UInt64(1) << 60
        statedEnd = Self.end(ofStatedSize: Int(min(content.littleEndian(at: 0, as: UInt64.self), largest)))
        longDataSize = Int(min(content.littleEndian(at: 8, as: UInt64.self), largest))
    }

    private static func end(ofStatedSize size: Int) -> Int? {
        size == 0 || size >= placeholder && size < 1 << 32 || size >= 1 << 60 ? nil : 8 + size
    }

    /// Whether the header says that the file ends at `position`, or a pad byte before or behind it.
    func isStatedEnd(_ position: Int) -> Bool {
        statedEnd.map { abs($0 - position) <= 1 } ?? false
    }

    // MARK: From chunk to chunk

    func chunk(at offset: Int) -> Chunk? {
        guard offset <= bytes.count - 8, let name = bytes.fourCC(at: offset), name.isPrintable else { return nil }
        var size = Int(bytes.littleEndian(at: offset + 4, as: UInt32.self))
        if name == "data", size == 0xffff_ffff, let longDataSize { size = longDataSize }
        return Chunk(name: name, start: offset + 8, statedSize: size)
    }

    /// The bytes of a chunk, as far as the file reaches.
    func content(of chunk: Chunk) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[chunk.start..<min(chunk.end, bytes.count)])
    }

    /// Where the next chunk begins or the file ends, if the chunk's size leads there.
    ///
    /// Chunks begin at even offsets, but some writers forget the pad byte behind an odd size.
    func step(over chunk: Chunk) -> Int? {
        ends(of: chunk).first { position in
            guard let next = self.chunk(at: position) else { return position == bytes.count }
            return next.end <= bytes.count || next.name == "data" && !next.isWord
        }
    }

    private func ends(of chunk: Chunk) -> [Int] {
        chunk.statedSize % 2 == 0 ? [chunk.end] : [chunk.end + 1, chunk.end]
    }

    /// The names of the chunks that lead from an offset to exactly the end of the bytes; nil where they do not.
    func chain(from offset: Int) -> [FourCC]? {
        var names: [FourCC] = []
        var position = offset
        while position != bytes.count {
            guard names.count < Self.longestChain, let chunk = chunk(at: position), let next = step(over: chunk) else {
                return nil
            }
            names.append(chunk.name)
            position = next
        }
        return names
    }

    // MARK: Proofs

    /// What lies behind a chunk, with its place, if it proves that the chunk ends there.
    func tail(of chunk: Chunk) -> (position: Int, kind: Tail)? {
        let places = ends(of: chunk).filter { $0 <= bytes.count }
        if let place = places.first(where: { chain(from: $0) != nil }) { return (place, .chunks) }
        return places.first(where: isAppendage).map { ($0, .appendage) }
    }

    private func isAppendage(at position: Int) -> Bool {
        if let chunk = chunk(at: position), Self.isKnown(chunk.name.code) {
            let isCut = statedEnd.map { $0 > bytes.count } ?? false
            if chunk.end <= bytes.count || isCut { return true }
        }
        return FileTag.begins(bytes, at: position)
            || bytes.count - position >= Self.shortestZeroTail && bytes[position...].allSatisfy { $0 == 0 }
    }

    /// The samples behind damage: a `data` chunk at an even offset whose end is proven, if it is the only one, or all
    /// others lie behind it.
    func provenSamples(from offset: Int) -> Chunk? {
        var found: Chunk?
        var misses = 0
        for position in stride(from: offset + offset % 2, to: bytes.count - 8, by: 2) {
            guard let chunk = chunk(at: position), chunk.name.lowercased == "data" else { continue }
            guard chunk.statedSize > 0, chunk.end <= bytes.count, tail(of: chunk) != nil else {
                misses += 1
                if misses == Self.mostFalseNames { return nil }
                continue
            }
            if let found { return position >= found.end ? found : nil }
            found = chunk
        }
        return found
    }

    /// What is found between samples that cannot be sound.
    enum Intruder {
        /// Chunks lead from here to the end of the samples.
        case chunks(Int)
        /// Metadata or a tag lie here, and nothing says where they end.
        case text(Int)
    }

    /// Looks among samples for the chunks that a wrong size counted in.
    func intruder(in samples: Range<Int>) -> Intruder? {
        let head = RIFFBytes(UnsafeRawBufferPointer(rebasing: bytes[..<samples.upperBound]))
        if FileTag.isVersion1(head.bytes, at: samples.upperBound - 128), samples.count >= 128 {
            return .chunks(samples.upperBound - 128)
        }
        var misses = 0
        for position in samples.dropLast(8) {
            let code: UInt32 = bytes.littleEndian(at: position)
            // Four bytes below 0x80, each with one of the two bits that letters have.
            guard code & 0x8080_8080 == 0, (code | code >> 1) & 0x2020_2020 == 0x2020_2020, Self.isKnown(code) else {
                continue
            }
            let isEntry = Self.listEntries.contains(FourCC(code: code))
            if !isEntry, head.chain(from: position) != nil { return .chunks(position) }
            misses += 1
            if head.isMetadata(at: position) || misses == Self.mostFalseNames { return .text(position) }
        }
        return nil
    }

    /// Whether a chunk's first words are those of metadata, which sound does not hit by chance.
    private func isMetadata(at position: Int) -> Bool {
        switch bytes.fourCC(at: position) {
        case "LIST", "list": bytes.holds("INFO", at: position + 8) || bytes.holds("adtl", at: position + 8)
        // Of a list whose own name is damaged.
        case let name? where Self.listEntries.contains(name):
            bytes.holds("I", at: position + 4) || chunk(at: position).map { $0.end <= bytes.count } ?? false
        case "id3 ", "ID3 ": bytes.holds("ID3", at: position + 8)
        case "RIFF", "RF64", "BW64": bytes.holds("WAVE", at: position + 8)
        case "iXML", "axml", "aXML", "_PMX": bytes.holds("<", at: position + 8)
        default: false
        }
    }

    /// Whether a name is one that writers of WAV use for what they put behind samples or before them.
    private static func isKnown(_ code: UInt32) -> Bool {
        known.contains(FourCC(code: code)) || listEntries.contains(FourCC(code: code))
    }

    /// What lists of metadata begin with, by which they are known where their own name is damaged.
    private static let listEntries: Set<FourCC> = ["INFO", "ICMT", "ISFT", "IART", "INAM", "ICRD"]

    private static let known: Set<FourCC> = [
        "LIST", "list", "fact", "cue ", "plst", "labl", "note", "ltxt", "smpl", "inst", "acid", "strc", "PEAK", "bext",
        "cart", "iXML", "axml", "aXML", "chna", "ubxt", "umid", "minf", "elm1", "regn", "link", "levl", "afsp", "DISP",
        "disp", "id3 ", "ID3 ", "JUNK", "junk", "PAD ", "FLLR", "filr", "_PMX", "wamd", "guan", "r64m", "MARK", "RIFF",
        "RF64", "BW64", "data", "fmt ",
    ]
}
