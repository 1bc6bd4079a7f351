/// What files are that are neither WAV nor FLAC, whatever their names say: told by their first bytes.
enum ForeignFile {
    /// What the file is and what to do with it, to follow its name.
    static func sentence(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.holds("version https://git-lfs", at: 0) {
            return "is a Git LFS pointer in place of the recording. Fetch the recording with 'git lfs pull'."
        }
        if bytes.holds("PK\u{3}\u{4}", at: 0) || bytes.count > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b {
            return "is a compressed archive. Unpack it and send the WAV or FLAC files."
        }
        if bytes.count > 6, bytes[0] == 0x93, bytes.holds("NUMPY", at: 1) {
            return "is a NumPy array. Give it a name that ends in .npy if it is a log-mel, or send WAV or FLAC."
        }
        if let name = soundFormat(bytes) {
            return "is \(name), which is not read. Convert it, e.g. with 'ffmpeg -i FILE -c:a flac CLIP.flac'."
        }
        if bytes.first == UInt8(ascii: "<") || bytes.first == UInt8(ascii: "{") {
            return "is a text, perhaps what a server answered in place of the recording. Fetch it again."
        }
        return "is neither WAV nor FLAC. Send one of these two formats."
    }

    private static func soundFormat(_ bytes: UnsafeRawBufferPointer) -> String? {
        switch bytes.fourCC(at: 0) {
        case "RIFX": return "a big-endian WAV file (RIFX)"
        case "FORM": return bytes.holds("AIF", at: 8) ? "an AIFF file" : "an IFF file"
        case "OggS": return "an Ogg file"
        case "riff": return "a Wave64 file"
        case ".snd", "dns.": return "an AU file"
        case "caff": return "a CAF file"
        case "wvPK": return "a WavPack file"
        case "MAC ": return "a Monkey's Audio file"
        case "#!AM": return "an AMR file"
        default: break
        }
        if bytes.holds("ftyp", at: 4) { return "an MPEG-4 file" }
        guard bytes.count >= 4 else { return nil }
        switch bytes.bigEndian(at: 0, as: UInt32.self) {
        case 0x1a45_dfa3: return "a Matroska file"
        case 0x3026_b275: return "a Windows Media file"
        case let code where code >> 21 == 0x7ff && code >> 17 & 3 != 0: return "an MP3 file"
        default: return FileTag.version2Length(bytes, at: 0) != nil ? "an MP3 file" : nil
        }
    }
}
