private import Crypto

extension AudioDecoder {
    /// Decodes FLAC, and checks what the file itself says of its samples: their number and their MD5 digest, besides the
    /// checksum of every frame.
    static func decodeFLAC(
        _ bytes: UnsafeRawBufferPointer, name: String, limits: DecodeLimits
    ) throws(AudioError) -> Recording {
        let header = try FLACHeader(bytes, clip: name)
        let channelCount = header.channelCount
        try limits.check(
            clip: name, channelCount: channelCount, sampleRateHz: header.sampleRateHz,
            frameCount: header.frameCount ?? 0)
        let start = header.acceptableStart(of: bytes)
        let file = try SoundFile(
            header: start, body: UnsafeRawBufferPointer(rebasing: bytes[start.count...]), clip: name)

        var samples: [Float] = []
        samples.reserveCapacity((header.frameCount ?? 0) * channelCount)
        var md5 = Insecure.MD5()
        var block = [Int32](repeating: 0, count: 4096 * channelCount)
        while true {
            let framesRead = block.withUnsafeMutableBufferPointer { file.read(into: $0) }
            if let complaint = file.complaint {
                throw AudioError(.damaged, clip: name, "the FLAC stream is damaged (\(complaint)). Send it again.")
            }
            guard framesRead > 0 else { break }
            let values = block[..<(framesRead * channelCount)]
            samples.append(contentsOf: values.lazy.map { Float($0) * 0x1p-31 })
            if header.digest != nil { md5.update(data: packed(values, bitsPerSample: header.bitsPerSample)) }
            try limits.check(
                clip: name, channelCount: channelCount, sampleRateHz: header.sampleRateHz,
                frameCount: samples.count / channelCount)
        }

        let frameCount = samples.count / channelCount
        if let expected = header.frameCount, frameCount != expected {
            throw AudioError(
                .truncated, clip: name, "\(frameCount) of \(expected) frames can be decoded. Send it again.")
        }
        guard frameCount > 0 else {
            throw AudioError(.empty, clip: name, "holds no samples. Record and send it again.")
        }
        if let digest = header.digest, !md5.finalize().elementsEqual(digest) {
            throw AudioError(.damaged, clip: name, "the samples do not match their MD5 digest. Send it again.")
        }
        return Recording(
            name: name, sampleRateHz: header.sampleRateHz, channelCount: channelCount, samples: samples,
            fullScale: 1 - 1 / Float(1 << (header.bitsPerSample - 1)),
            warnings: header.digest == nil ? [.noChecksum] : [])
    }

    /// The samples as the digest counts them: little-endian, in whole bytes.
    private static func packed(_ values: ArraySlice<Int32>, bitsPerSample: Int) -> [UInt8] {
        let byteCount = (bitsPerSample + 7) / 8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * byteCount)
        for value in values {
            let sample = value >> (32 - bitsPerSample)
            for byte in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: sample >> (8 * byte))) }
        }
        return bytes
    }
}
