/// Turns the bytes of a WAV or FLAC file into samples, in memory.
///
/// Headers are read by this room, which trusts no size in them; the samples are decoded by libsndfile.
package enum AudioDecoder {
    /// Decodes a whole file.
    ///
    /// - Parameters:
    ///   - bytes: the file; it may come from anybody.
    ///   - name: how errors call the clip.
    ///   - limits: what is refused for its size before it is decoded.
    /// - Throws: `AudioError`; every defect of the file is one, none is a trap.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, limits: DecodeLimits = DecodeLimits()
    ) throws(AudioError) -> Recording {
        guard !bytes.isEmpty else {
            throw AudioError(.empty, clip: name, "the file is empty. Record and send it again.")
        }
        guard bytes.count <= limits.byteCount else {
            throw AudioError(
                .tooLarge, clip: name,
                "\(bytes.count) bytes, at most \(limits.byteCount) are accepted. Cut the recording into clips.")
        }
        let tag = leadingTagLength(bytes)
        let file = UnsafeRawBufferPointer(rebasing: bytes[tag...])
        var recording =
            switch file.fourCC(at: 0) {
            case "RIFF", "RF64", "BW64": try decodeWAV(file, name: name, limits: limits)
            case "fLaC": try decodeFLAC(file, name: name, limits: limits)
            default: throw AudioError(.notAudio, clip: name, ForeignFile.sentence(bytes))
            }
        if tag > 0 { recording.warnings.insert(.leadingTag(byteCount: tag), at: 0) }
        return recording
    }

    /// The length of the tags in front of the sound.
    private static func leadingTagLength(_ bytes: UnsafeRawBufferPointer) -> Int {
        var length = 0
        while let tag = FileTag.version2Length(bytes, at: length) { length += tag }
        return length
    }

    /// Decodes a whole file that lies in an array.
    package static func decode(
        _ bytes: [UInt8], name: String, limits: DecodeLimits = DecodeLimits()
    ) throws(AudioError) -> Recording {
        let result: Result<Recording, AudioError> = bytes.withUnsafeBytes { bytes in
            do throws(AudioError) {
                return .success(try decode(bytes, name: name, limits: limits))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
