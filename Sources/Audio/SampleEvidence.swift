/// What the samples themselves say against the encoding that a header claims for them.
///
/// Numbers of one encoding hardly ever look like numbers of another: an integer of noise is no plausible floating-point
/// number, and a sample shifted the wrong way leaves other bits empty. A clip has enough samples to be sure.
enum SampleEvidence {
    /// Floating-point numbers of sound lie in this range, in whatever unit.
    private static let plausible: ClosedRange<Float> = 0x1p-40...0x1p17
    /// As many samples as a claim needs before it is held for refuted.
    private static let fewestSamples = 64

    /// Refuses samples that are not what the header says.
    ///
    /// - Parameter data: whole frames.
    static func check(
        _ data: UnsafeRawBufferPointer, against format: WaveFormat, clip: String
    ) throws(AudioError) {
        func refusal(_ what: String) -> AudioError {
            AudioError(.malformed, clip: clip, "\(what). Check the recorder or the program that exported it.")
        }
        let bits = format.validBits
        switch (format.encoding, format.justification) {
        case (.pcm, .unproven):
            guard isUpper(data, format, bits: bits), !isLower(data, format, bits: bits) else {
                throw refusal(
                    "says that its samples have \(bits) of \(8 * format.sampleByteCount) bits, and which ones is unclear"
                )
            }
        case (.pcm, .upper):
            guard isUpper(data, format, bits: bits) || !isLower(data, format, bits: bits) else {
                throw refusal("has the \(bits) bits of its samples in the lower part of their bytes")
            }
        case (.pcm, .full) where format.sampleByteCount == 4:
            guard !isFloat(data) else {
                throw refusal("says that its samples are integers, and they are floating-point numbers")
            }
        default: break
        }
    }

    /// Whether the bits below the valid ones are always 0.
    private static func isUpper(_ data: UnsafeRawBufferPointer, _ format: WaveFormat, bits: Int) -> Bool {
        let mask = (1 as Int32) << (8 * format.sampleByteCount - bits) - 1
        return integers(data, format).allSatisfy { $0 & mask == 0 }
    }

    /// Whether the bits above the valid ones only repeat the sign.
    private static func isLower(_ data: UnsafeRawBufferPointer, _ format: WaveFormat, bits: Int) -> Bool {
        let limit = (1 as Int64) << (bits - 1)
        return integers(data, format).allSatisfy { (-limit..<limit).contains(Int64($0)) }
    }

    private static func integers(
        _ data: UnsafeRawBufferPointer, _ format: WaveFormat
    ) -> some Sequence<Int32> {
        let size = format.sampleByteCount
        return stride(from: 0, to: data.count - size + 1, by: size).lazy.map { place in
            var value = Int32(Int8(bitPattern: data[place + size - 1]))
            for byte in stride(from: size - 2, through: 0, by: -1) { value = value << 8 | Int32(data[place + byte]) }
            return value
        }
    }

    /// Whether all that is not 0 would be a plausible floating-point number.
    private static func isFloat(_ data: UnsafeRawBufferPointer) -> Bool {
        var count = 0
        for place in stride(from: 0, to: data.count - 3, by: 4) {
            let value = Float(bitPattern: data.littleEndian(at: place))
            if value == 0 { continue }
            guard plausible.contains(abs(value)) else { return false }
            count += 1
        }
        return count >= fewestSamples
    }
}
