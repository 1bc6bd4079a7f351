/// A picture of eight bits per colour, as PNG; its rows are stored without compression.
///
/// Source: ISO/IEC 15948 (PNG), RFC 1950 and RFC 1951 (stored blocks).
struct PNGImage {
    typealias Colour = (red: UInt8, green: UInt8, blue: UInt8)

    let width: Int
    let height: Int
    /// **Shape** (height, width, 3).
    private var values: [UInt8]

    /// A black picture.
    init(width: Int, height: Int) {
        precondition(width > 0 && height > 0, "\(width) x \(height)")
        (self.width, self.height) = (width, height)
        values = [UInt8](repeating: 0, count: 3 * width * height)
    }

    /// - Parameter y: 0 for the topmost row.
    mutating func set(x: Int, y: Int, _ colour: Colour) {
        let place = 3 * (y * width + x)
        (values[place], values[place + 1], values[place + 2]) = colour
    }

    var bytes: [UInt8] {
        // Eight bits, red, green and blue; the only compression, filter and order of rows there are.
        let header = Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height)) + [8, 2, 0, 0, 0]
        var rows: [UInt8] = []
        for first in stride(from: 0, to: values.count, by: 3 * width) {
            // Before every row, that it is not filtered.
            rows.append(0)
            rows += values[first..<first + 3 * width]
        }
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        return [
            signature, Self.chunk("IHDR", header), Self.chunk("IDAT", Self.stored(rows)), Self.chunk("IEND", []),
        ].flatMap { $0 }
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + content
        return bigEndian(UInt32(content.count)) + body + bigEndian(cyclicSum(body))
    }

    /// A zlib stream of stored blocks.
    private static func stored(_ content: [UInt8]) -> [UInt8] {
        let longest = 65_535
        var stream: [UInt8] = [0x78, 0x01]
        stream.reserveCapacity(content.count + content.count / 1000 + 16)
        for first in stride(from: 0, to: content.count, by: longest) {
            let block = content[first..<min(first + longest, content.count)]
            let length = UInt16(block.count)
            stream.append(first + longest >= content.count ? 1 : 0)
            for number in [length, ~length] { stream += [UInt8(number & 0xFF), UInt8(number >> 8)] }
            stream += block
        }
        return stream + bigEndian(adlerSum(content))
    }

    private static func adlerSum(_ content: [UInt8]) -> UInt32 {
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in content {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return b << 16 | a
    }

    private static let cyclicTable: [UInt32] = (0..<256).map { number in
        var sum = UInt32(number)
        for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        return sum
    }

    private static func cyclicSum(_ content: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in content { sum = (sum >> 8) ^ cyclicTable[Int((sum ^ UInt32(byte)) & 0xFF)] }
        return ~sum
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8((number >> $0) & 0xFF) }
    }
}
