/// The dictionary in front of the values of a `.npy` file.
struct NumPyHeader {
    let valueByteCount: Int
    let isColumnMajor: Bool
    let rows: Int
    let columns: Int
    let contentStart: Int

    init(_ bytes: UnsafeRawBufferPointer, name: String) throws(SpectraError) {
        guard NumPyArray.isNumPy(bytes) else {
            throw SpectraError(.notNumPy, "\(name): is not a NumPy file. Write it with numpy.save.")
        }
        let damaged = SpectraError(.notNumPy, "\(name): the NumPy header is damaged. Send it again.")
        guard bytes.count >= 12, (1...3).contains(bytes[6]) else { throw damaged }
        let lengthByteCount = bytes[6] == 1 ? 2 : 4
        let textStart = 8 + lengthByteCount
        let length = bytes[8..<textStart].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - textStart else { throw damaged }
        contentStart = textStart + length
        let text = String(decoding: bytes[textStart..<contentStart], as: UTF8.self)

        guard let type = Self.entry("descr", in: text), let order = Self.entry("fortran_order", in: text),
            let shape = Self.entry("shape", in: text)
        else { throw damaged }
        switch type {
        case "'<f4'", "\"<f4\"": valueByteCount = 4
        case "'<f8'", "\"<f8\"": valueByteCount = 8
        default:
            throw SpectraError(
                .unsupportedArray, "\(name): holds values of type \(type). Convert them with astype('float32').")
        }
        isColumnMajor = order == "True"
        let sides = shape.dropFirst().dropLast().split(separator: ",").map { Int($0.filter { $0 != " " }) }
        guard sides.count == 2, let rows = sides[0], let columns = sides[1], rows >= 0, columns >= 0 else {
            throw SpectraError(
                .unsupportedArray, "\(name): has the shape \(shape). Send a matrix of (melBands, frames).")
        }
        (self.rows, self.columns) = (rows, columns)
    }

    /// One value, wherever the array keeps it.
    func value(of content: UnsafeRawBufferPointer, at place: Int) -> Float {
        if valueByteCount == 4 {
            let bits = content.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self)
            return Float(bitPattern: UInt32(littleEndian: bits))
        }
        let bits = content.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self)
        return Float(Double(bitPattern: UInt64(littleEndian: bits)))
    }

    /// What the dictionary says of a key: a tuple with its parentheses, or anything up to the next comma.
    private static func entry(_ key: String, in text: String) -> String? {
        var rest = Substring(text)
        while let quote = rest.firstIndex(where: { $0 == "'" || $0 == "\"" }) {
            rest = rest[quote...].dropFirst()
            guard rest.hasPrefix(key), let colon = rest.firstIndex(of: ":") else { continue }
            let value = rest[colon...].dropFirst().drop { $0 == " " }
            if value.first == "(" {
                return value.firstIndex(of: ")").map { String(value[...$0]) }
            }
            let end = value.firstIndex { $0 == "," || $0 == "}" } ?? value.endIndex
            return String(value[..<end].filter { $0 != " " })
        }
        return nil
    }
}
