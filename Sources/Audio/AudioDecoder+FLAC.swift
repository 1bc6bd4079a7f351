private import Crypto

extension AudioDecoder {
    /// Decodes FLAC, and checks what the file itself says of its samples: their number and their MD5 digest, besides the
    /// checksum of every frame. What follows the last sample is none of its business.
    static func decodeFLAC(
        _ bytes: UnsafeRawBufferPointer, name: String, limits: DecodeLimits
    ) throws(AudioError) -> Recording {
        let header = try FLACHeader(bytes, clip: name)
        func check(frameCount: Int) throws(AudioError) {
            try limits.check(
                clip: name, channelCount: header.channelCount, sampleRateHz: header.sampleRateHz,
                frameCount: frameCount)
        }
        try check(frameCount: header.frameCount ?? 0)
        let start = header.acceptableStart(of: bytes)
        let file = try SoundFile(
            header: start, body: UnsafeRawBufferPointer(rebasing: bytes[start.count...]), clip: name)
        var frames = FLACFrames(header)
        while frames.missingCount != 0 {
            let read = frames.read(from: file)
            try check(frameCount: frames.count)
            if file.complaint != nil || read == 0 { break }
        }

        if let expected = header.frameCount, frames.count != expected {
            throw file.complaint.map { .damagedFLAC($0, clip: name) }
                ?? AudioError(
                    .truncated, clip: name, "\(frames.count) of \(expected) frames can be decoded. Send it again.")
        }
        let isDigestRight = header.digest.map { frames.digest.elementsEqual($0) }
        if header.frameCount == nil, isDigestRight != true, let complaint = file.complaint {
            throw .damagedFLAC(complaint, clip: name)
        }
        guard frames.count > 0 else {
            throw AudioError(.empty, clip: name, "holds no samples. Record and send it again.")
        }
        guard isDigestRight != false else {
            throw AudioError(.damaged, clip: name, "the samples do not match their MD5 digest. Send it again.")
        }
        var warnings: [Recording.Warning] = isDigestRight == nil ? [.noChecksum] : []
        if file.complaint != nil || frames.hasMore(in: file) {
            guard isDigestRight == true || file.complaint != nil else {
                throw AudioError(
                    .malformed, clip: name,
                    "holds more than the \(frames.count) frames that its header promises. "
                        + "Check the program that wrote it.")
            }
            warnings.append(.unreadRest)
        }
        return Recording(
            name: name, sampleRateHz: header.sampleRateHz, channelCount: header.channelCount, samples: frames.samples,
            fullScale: 1 - 1 / Float(1 << (header.bitsPerSample - 1)), warnings: warnings)
    }
}

extension AudioError {
    fileprivate static func damagedFLAC(_ complaint: String, clip: String) -> AudioError {
        AudioError(.damaged, clip: clip, "the FLAC stream is damaged (\(complaint)). Send it again.")
    }
}

/// The frames of a FLAC file as they come in, up to the number that its header promises.
private struct FLACFrames {
    private(set) var samples: [Float] = []
    private let header: FLACHeader
    private var md5 = Insecure.MD5()
    private var block: [Int32]

    private static let blockLength = 4096

    init(_ header: FLACHeader) {
        self.header = header
        block = [Int32](repeating: 0, count: Self.blockLength * header.channelCount)
        samples.reserveCapacity((header.frameCount ?? 0) * header.channelCount)
    }

    var count: Int { samples.count / header.channelCount }
    var digest: Insecure.MD5Digest { md5.finalize() }
    /// How many frames are still promised; nil where the header does not know.
    var missingCount: Int? { header.frameCount.map { $0 - count } }

    /// Reads some frames, never beyond the last. Returns how many.
    mutating func read(from file: borrowing SoundFile) -> Int {
        let wanted = min(Self.blockLength, missingCount ?? Self.blockLength)
        let framesRead = block.withUnsafeMutableBufferPointer {
            file.read(into: UnsafeMutableBufferPointer(rebasing: $0[..<(wanted * header.channelCount)]))
        }
        let values = block[..<(framesRead * header.channelCount)]
        samples.append(contentsOf: values.lazy.map { Float($0) * 0x1p-31 })
        if header.digest != nil { md5.update(data: packed(values)) }
        return framesRead
    }

    /// Whether anything, sound or not, follows in the file.
    mutating func hasMore(in file: borrowing SoundFile) -> Bool {
        let framesRead = block.withUnsafeMutableBufferPointer { file.read(into: $0) }
        return framesRead > 0 || file.complaint != nil
    }

    /// The samples as the digest counts them: little-endian, in whole bytes.
    private func packed(_ values: ArraySlice<Int32>) -> [UInt8] {
        let byteCount = (header.bitsPerSample + 7) / 8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * byteCount)
        for value in values {
            let sample = value >> (32 - header.bitsPerSample)
            for byte in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: sample >> (8 * byte))) }
        }
        return bytes
    }
}
