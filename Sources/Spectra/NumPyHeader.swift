/// The dictionary in front of the values of a `.npy` file, as NumPy of any age writes it: Python 2 put an L behind long
/// numbers, and spaces may stand anywhere.
struct NumPyHeader {
    let valueByteCount: Int
    let isBigEndian: Bool
    let isColumnMajor: Bool
    let rows: Int
    let columns: Int
    let contentStart: Int

    /// Longer headers are refused; a matrix needs less than 128 bytes.
    private static let longestText = 64 << 10

    init(_ bytes: UnsafeRawBufferPointer, name: String) throws(SpectraError) {
        guard NumPyArray.isNumPy(bytes) else {
            throw SpectraError(.notNumPy, "\(name): \(NumPyArray.foreignSentence(bytes))")
        }
        let damaged = SpectraError(.notNumPy, "\(name): the NumPy header is damaged. Send it again.")
        guard bytes.count >= 12, (1...3).contains(bytes[6]), bytes[7] == 0 else { throw damaged }
        let lengthByteCount = bytes[6] == 1 ? 2 : 4
        let textStart = 8 + lengthByteCount
        let length = bytes[8..<textStart].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - textStart else { throw damaged }
        guard length <= Self.longestText else {
            throw SpectraError(
                .notNumPy,
                "\(name): its NumPy header has \(length) bytes, at most \(Self.longestText) are read. "
                    + "Write it with numpy.save.")
        }
        contentStart = textStart + length

        guard let entries = PythonDictionary(bytes[textStart..<contentStart])?.entries,
            Set(entries.keys) == ["descr", "fortran_order", "shape"], let type = entries["descr"],
            let order = entries["fortran_order"], let shape = entries["shape"]
        else { throw damaged }
        switch order {
        case "False": isColumnMajor = false
        case "True": isColumnMajor = true
        default: throw damaged
        }
        switch type {
        case "<f4": (valueByteCount, isBigEndian) = (4, false)
        case ">f4": (valueByteCount, isBigEndian) = (4, true)
        case "<f8": (valueByteCount, isBigEndian) = (8, false)
        case ">f8": (valueByteCount, isBigEndian) = (8, true)
        default:
            throw SpectraError(.unsupportedArray, "\(name): \(Self.sentence(onType: type))")
        }
        guard let sides = Self.sides(of: shape), sides.count == 2 else {
            throw SpectraError(
                .unsupportedArray,
                "\(name): has the shape \(shape.prefix(80)). Send one matrix of (melBands, frames) in a file.")
        }
        (rows, columns) = (sides[0], sides[1])
    }

    private static func sentence(onType type: String) -> String {
        if type.hasSuffix("O") {
            return "holds Python objects, which are never read. Save a plain array with astype('float32')."
        }
        if type.first == "[" { return "holds records of several fields. Save the log-mel alone, as float32." }
        return "holds values of type '\(type.prefix(80))'. Convert them with astype('float32')."
    }

    /// The numbers of a tuple, nil where it holds anything else.
    private static func sides(of tuple: String) -> [Int]? {
        let numbers = tuple.filter { $0 != " " }.dropFirst().dropLast().split(separator: ",", maxSplits: 8)
        var sides: [Int] = []
        for number in numbers {
            guard let side = Int(number.last == "L" ? number.dropLast() : number), side >= 0 else { return nil }
            sides.append(side)
        }
        return sides
    }

    /// One value, wherever the array keeps it.
    func value(of content: UnsafeRawBufferPointer, at place: Int) -> Float {
        if valueByteCount == 4 {
            let bits = content.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self)
            return Float(bitPattern: isBigEndian ? UInt32(bigEndian: bits) : UInt32(littleEndian: bits))
        }
        let bits = content.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self)
        return Float(Double(bitPattern: isBigEndian ? UInt64(bigEndian: bits) : UInt64(littleEndian: bits)))
    }
}
