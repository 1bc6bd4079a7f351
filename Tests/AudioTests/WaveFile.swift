/// A WAV file to build byte by byte, sound or damaged. Sizes not stated are the true ones.
struct WaveFile {
    var magic = "RIFF"
    var formatTag: UInt16 = 1
    var channelCount: UInt16 = 1
    var sampleRateHz: UInt32 = 16_000
    var bits: UInt16 = 16
    var blockAlign: UInt16?
    var bytesPerSecond: UInt32?
    /// Bytes of the format chunk behind its first 16.
    var formatExtension: [UInt8] = []
    /// Whole chunks in front of the format, behind it, and behind the samples.
    var beforeFormat: [UInt8] = []
    var beforeData: [UInt8] = []
    var afterData: [UInt8] = []
    var dataName = "data"
    var data: [UInt8] = []
    var statedDataSize: UInt32?
    var statedRIFFSize: UInt32?

    /// 16-bit samples.
    init(_ samples: [Int16] = [], channelCount: UInt16 = 1) {
        data = samples.flatMap { littleEndian($0) }
        self.channelCount = channelCount
    }

    /// Samples in any encoding.
    init(formatTag: UInt16, bits: UInt16, data: [UInt8]) {
        self.formatTag = formatTag
        self.bits = bits
        self.data = data
    }

    var format: [UInt8] {
        let align = blockAlign ?? channelCount * ((bits + 7) / 8)
        let parts = [
            littleEndian(formatTag), littleEndian(channelCount), littleEndian(sampleRateHz),
            littleEndian(bytesPerSecond ?? sampleRateHz &* UInt32(align)), littleEndian(align), littleEndian(bits),
            formatExtension,
        ]
        return chunk("fmt ", Array(parts.joined()))
    }

    var bytes: [UInt8] {
        let parts = [
            Array("WAVE".utf8), beforeFormat, format, beforeData,
            Array(dataName.utf8), littleEndian(statedDataSize ?? UInt32(data.count)), data,
            data.count % 2 == 1 ? [0] : [],
            afterData,
        ]
        let content = Array(parts.joined())
        return Array(magic.utf8) + littleEndian(statedRIFFSize ?? UInt32(content.count)) + content
    }
}

/// A number in little-endian order.
func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// A chunk with its true size, padded to an even length unless `isPadded` is false.
func chunk(_ name: String, _ content: [UInt8], isPadded: Bool = true) -> [UInt8] {
    Array(name.utf8) + littleEndian(UInt32(content.count)) + content + (isPadded && content.count % 2 == 1 ? [0] : [])
}
