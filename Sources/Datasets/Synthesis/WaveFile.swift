/// Writes mono 16-bit PCM WAV files.
package enum WaveFile {
    /// The bytes of a file.
    ///
    /// - Parameter samples: full scale 1; what lies beyond is clipped.
    package static func bytes(_ samples: [Float], sampleRateHz: Int) -> [UInt8] {
        let contentLength = 2 * samples.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(44 + contentLength)
        func append<Word: FixedWidthInteger>(_ value: Word) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += Array("RIFF".utf8)
        append(UInt32(36 + contentLength))
        bytes += Array("WAVEfmt ".utf8)
        append(UInt32(16))
        append(UInt16(1))  // PCM
        append(UInt16(1))  // channels
        append(UInt32(sampleRateHz))
        append(UInt32(2 * sampleRateHz))  // bytes per second
        append(UInt16(2))  // bytes per frame
        append(UInt16(16))  // bits per sample
        bytes += Array("data".utf8)
        append(UInt32(contentLength))
        let words = samples.map { Int16(max(-32_768, min(32_767, ($0 * 32_768).rounded()))).littleEndian }
        words.withUnsafeBytes { bytes.append(contentsOf: $0) }
        return bytes
    }
}
