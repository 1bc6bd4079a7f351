/// The tags that programs for music put in front of a file and behind it; they hold text and pictures, never sound.
///
/// Source: id3.org, "ID3 tag version 2.4.0 - Main Structure" and "ID3v1"; wiki.hydrogenaud.io, "APEv2 specification".
enum FileTag {
    /// The length of the ID3v2 tag that begins at an offset, with the zeros that pad it; nil where none does.
    static func version2Length(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
        guard bytes.holds("ID3", at: offset), offset <= bytes.count - 10, (2...4).contains(bytes[offset + 3]) else {
            return nil
        }
        let sizes = bytes[offset + 6..<offset + 10]
        guard sizes.allSatisfy({ $0 < 0x80 }) else { return nil }
        let hasFooter = bytes[offset + 5] & 0x10 != 0
        var end = offset + sizes.reduce(0) { $0 << 7 | Int($1) } + (hasFooter ? 20 : 10)
        while end < bytes.count, bytes[end] == 0 { end += 1 }
        return end <= bytes.count ? end - offset : nil
    }

    /// Whether an ID3v1 tag, 128 bytes of text, begins at an offset and ends the bytes.
    static func isVersion1(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard offset >= 0, bytes.count - offset == 128, bytes.holds("TAG", at: offset) else { return false }
        // The last two bytes may be a track and a genre.
        return bytes[offset + 3..<offset + 126].allSatisfy { $0 == 0 || $0 >= 0x20 }
    }

    /// Whether a tag of any kind begins at an offset.
    static func begins(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        version2Length(bytes, at: offset) != nil || isVersion1(bytes, at: offset) || bytes.holds("APETAGEX", at: offset)
            || bytes.holds("<?xpacket", at: offset) || bytes.holds("<?xml", at: offset)
            || bytes.holds("<x:xmpmeta", at: offset)
    }
}
