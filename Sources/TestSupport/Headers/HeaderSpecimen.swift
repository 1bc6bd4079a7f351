internal import Audio
internal import Networks
internal import Spectra

/// A sound file whose header may be damaged, and who tells whether the answer is right.
package struct HeaderSpecimen: Sendable {
    package let name: String
    package let bytes: [UInt8]
    /// The places of everything that is neither samples nor numbers.
    package let header: [Int]
    package let judge: @Sendable ([UInt8]) -> HeaderFuzz.Outcome

    package static let all: [HeaderSpecimen] = waves + [flac] + arrays + [tensors]

    private static let samples: [Int16] = {
        var random = SplitMix64(seed: 5)
        return (0..<400).map { _ in Int16.random(in: -9000...9000, using: &random) }
    }()

    // MARK: WAV

    private static let waves: [HeaderSpecimen] = {
        let pcm = samples.flatMap { littleEndian($0) }
        let text = chunk("LIST", Array("INFO".utf8) + chunk("ICMT", Array("raw data of a logger".utf8)))
        let fact = chunk("fact", littleEndian(UInt32(400)))
        let wide = samples.flatMap { littleEndian((Float($0) / 32768).bitPattern) }
        let identifier: [UInt8] = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
        let extended = littleEndian(UInt16(22)) + littleEndian(UInt16(16)) + littleEndian(UInt32(4)) + identifier
        let sizes = chunk(
            "ds64", littleEndian(UInt64(872)) + littleEndian(UInt64(800)) + littleEndian(UInt64(400)) + [0, 0, 0, 0])
        return [
            wave("wav-plain", format(1, 1, 16), pcm),
            wave("wav-metadata", text + format(1, 1, 16) + text, pcm, behind: text),
            wave("wav-stereo", format(1, 2, 16) + fact, pcm),
            wave("wav-float", format(3, 1, 32) + fact, wide),
            wave("wav-24-bit", format(1, 1, 24), Array(samples.flatMap { [7] + littleEndian($0) })),
            wave("wav-extensible", format(0xfffe, 1, 16, extended), pcm),
            wave("wav-mu-law", format(7, 1, 8) + fact, pcm),
            wave("wav-long", sizes + format(1, 1, 16), pcm, isLong: true),
        ]
    }()

    private static func format(
        _ tag: UInt16, _ channels: UInt16, _ bits: UInt16, _ extension: [UInt8] = []
    ) -> [UInt8] {
        let frame = channels * bits / 8
        let fields = [
            littleEndian(tag), littleEndian(channels), littleEndian(UInt32(16_000)),
            littleEndian(16_000 * UInt32(frame)), littleEndian(frame), littleEndian(bits), `extension`,
        ]
        return chunk("fmt ", Array(fields.joined()))
    }

    private static func wave(
        _ name: String, _ chunks: [UInt8], _ data: [UInt8], behind: [UInt8] = [], isLong: Bool = false
    ) -> HeaderSpecimen {
        let size = isLong ? UInt32.max : UInt32(data.count)
        let head = Array("WAVE".utf8) + chunks + Array("data".utf8) + littleEndian(size)
        let fileSize = isLong ? UInt32.max : UInt32(head.count + data.count + behind.count)
        let start = Array((isLong ? "RF64" : "RIFF").utf8) + littleEndian(fileSize) + head
        let bytes = start + data + behind
        return sound(name, bytes, header: Array(start.indices) + (start.count + data.count..<bytes.count)) {
            isConsistentWave($0)
        }
    }

    /// Whether all that a WAV file says of itself agrees, looked at with no regard to how it is read.
    private static func isConsistentWave(_ bytes: [UInt8]) -> Bool {
        func number(_ place: Int, _ count: Int) -> Int {
            bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        guard bytes.count >= 12 else { return false }
        // What lies behind the file is none of it; 64-bit sizes stand where the specimen has them.
        let end = 8 + (number(4, 4) == 0xffff_ffff && bytes.count >= 24 ? number(20, 4) : number(4, 4))
        guard end <= bytes.count else { return false }
        var (place, frame, count) = (12, 0, 0)
        while place <= end - 8 {
            let name = String(decoding: bytes[place..<place + 4], as: UTF8.self)
            var size = number(place + 4, 4)
            if name == "data", size == 0xffff_ffff { size = number(28, 4) }
            guard size <= end - place - 8 else { return false }
            if name == "fmt ", size >= 16 {
                frame = number(place + 20, 2)
                let width = (number(place + 22, 2) + 7) / 8
                guard frame == number(place + 10, 2) * width, number(place + 16, 4) == number(place + 12, 4) * frame
                else { return false }
            }
            if name == "data" { count = size }
            place += 8 + size + size % 2
        }
        return place == end && frame > 0 && count > 0 && count % frame == 0
    }

    private static func sound(
        _ name: String, _ bytes: [UInt8], header: [Int], isOther: @escaping @Sendable ([UInt8]) -> Bool
    ) -> HeaderSpecimen {
        let whole = try? AudioDecoder.decode(bytes, name: name)
        return HeaderSpecimen(name: name, bytes: bytes, header: header) { changed in
            guard let whole else { return .wrong }
            guard let read = try? AudioDecoder.decode(changed, name: name) else { return .refused }
            let isSame =
                read.samples == whole.samples && read.sampleRateHz == whole.sampleRateHz
                && read.channelCount == whole.channelCount
            return isSame ? .exact : isOther(changed) ? .otherFile : .wrong
        }
    }

    // MARK: FLAC

    /// Two frames of samples as they are, without a digest: nothing but the frames and STREAMINFO vouch for each other.
    private static let flac: HeaderSpecimen = {
        let comment: [UInt8] = [0x84, 0, 0, 12] + [4, 0, 0, 0] + Array("test".utf8) + [0, 0, 0, 0]
        let packed = UInt64(16_000) << 44 | UInt64(15) << 36 | 400
        let information = bigEndian(UInt32(200 << 16 | 200)) + [0, 0, 0, 0, 0, 0] + bigEndian(packed)
        let head = Array("fLaC".utf8) + [0, 0, 0, 34] + information + [UInt8](repeating: 0, count: 16) + comment
        let frames = (0..<2).map { flacFrame(number: $0, samples[(200 * $0)..<(200 * $0 + 200)]) }
        let places = Array(head.indices) + (head.count..<head.count + 8)
        return sound("flac", head + frames.joined(), header: places) { _ in false }
    }()

    private static func flacFrame(number: Int, _ samples: ArraySlice<Int16>) -> [UInt8] {
        var frame: [UInt8] = [0xff, 0xf8, 0x75, 0x08, UInt8(number)] + bigEndian(UInt16(samples.count - 1))
        frame.append(UInt8(truncatingIfNeeded: checksum(frame, width: 8, polynomial: 0x07)))
        // One subframe of plain samples.
        frame += [0x02] + samples.flatMap { bigEndian($0) }
        return frame + bigEndian(UInt16(truncatingIfNeeded: checksum(frame, width: 16, polynomial: 0x8005)))
    }

    private static func checksum(_ bytes: [UInt8], width: Int, polynomial: UInt32) -> UInt32 {
        bytes.reduce(0) { value, byte in
            (0..<8).reduce(value ^ UInt32(byte) << (width - 8)) { value, _ in
                (value << 1 ^ (value >> (width - 1) & 1 == 0 ? 0 : polynomial)) & (1 << width - 1)
            }
        }
    }

    // MARK: NumPy and safetensors

    private static let arrays: [HeaderSpecimen] = {
        let matrix = LogMel(melBands: 16, frames: 25, values: samples.map { Float($0) / 113 })
        let old = "{'descr': '<f8', 'fortran_order': False, 'shape': (16L, 25L), }          \n"
        let head = [0x93] + Array("NUMPY".utf8) + [2, 0] + littleEndian(UInt32(old.utf8.count)) + Array(old.utf8)
        let doubles = matrix.values.flatMap { littleEndian(Double($0).bitPattern) }
        return [
            array("npy", NumPyArray.bytes(of: matrix), headerCount: 128, matrix),
            array("npy-old", head + doubles, headerCount: head.count, matrix),
        ]
    }()

    /// Nothing states the shape or the type a second time but the length of the file: other values in another file.
    private static func array(
        _ name: String, _ bytes: [UInt8], headerCount: Int, _ matrix: LogMel
    ) -> HeaderSpecimen {
        HeaderSpecimen(name: name, bytes: bytes, header: Array(0..<headerCount)) { changed in
            guard let read = try? NumPyArray.read(changed, name: name) else { return .refused }
            return read == matrix ? .exact : read.values.count == matrix.values.count ? .otherFile : .wrong
        }
    }

    private static let tensors: HeaderSpecimen = {
        let values = samples.map { Float($0) / 32768 }
        let file = Safetensors(
            tensors: [
                .init(name: "module.weight", shape: [10, 30], values: Array(values[..<300])),
                .init(name: "bias", shape: [100], values: Array(values[300...])),
            ], metadata: ["kind": "density", "rate": "16000"])
        let bytes = file.encoded()
        return HeaderSpecimen(name: "safetensors", bytes: bytes, header: Array(0..<bytes.count - 1600)) { changed in
            guard let read = try? Safetensors(decoding: changed, name: "x") else { return .refused }
            // Names and metadata are content; numbers must be those of the file, in their order.
            let numbers = read.tensors.map(\.values).joined()
            return read == file ? .exact : numbers.elementsEqual(values) || isTyped(changed) ? .otherFile : .wrong
        }
    }()

    /// Whether a header states other types for the same bytes, which nothing contradicts.
    private static func isTyped(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes.prefix(300), as: UTF8.self).ranges(of: "\"dtype\":\"F32\"").count < 2
    }

    // MARK: Bytes

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        Array(name.utf8) + littleEndian(UInt32(content.count)) + content + (content.count % 2 == 1 ? [0] : [])
    }

    private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        littleEndian(value).reversed()
    }
}
