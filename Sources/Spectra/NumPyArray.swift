/// A matrix of floats as NumPy stores it in `.npy` files.
///
/// Reads versions 1 to 3, float32 and float64 in either order of bytes, rows or columns first; writes version 1, float32
/// in little-endian order, rows first.
///
/// Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
package enum NumPyArray {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// Levels of any power that a double expresses lie well within, or are 0; bytes read in the wrong order do not.
    private static let decibels: ClosedRange<Float> = 0x1p-100...10_000

    /// Reads a matrix.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; it may come from anybody.
    ///   - name: how errors call the file.
    ///   - valueLimit: the most values that are accepted.
    /// - Throws: `SpectraError` with code `notNumPy`, `unsupportedArray`, `truncated` or `notFinite`.
    package static func read(
        _ bytes: UnsafeRawBufferPointer, name: String, valueLimit: Int = 16 << 20
    ) throws(SpectraError) -> LogMel {
        let header = try NumPyHeader(bytes, name: name)
        let (rows, columns) = (header.rows, header.columns)
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard !overflow, (1...valueLimit).contains(count) else {
            throw SpectraError(
                .unsupportedArray,
                "\(name): has the shape (\(rows), \(columns)). Send a matrix of 1 to \(valueLimit) values.")
        }
        let content = UnsafeRawBufferPointer(rebasing: bytes[header.contentStart...])
        let needed = count * header.valueByteCount
        guard content.count == needed else {
            let isSecond = content.count > needed && isNumPy(UnsafeRawBufferPointer(rebasing: content[needed...]))
            throw SpectraError(
                .truncated,
                isSecond
                    ? "\(name): holds a second array behind the first. Save each array in a file of its own."
                    : "\(name): has \(content.count) bytes of values, its shape (\(rows), \(columns)) needs "
                        + "\(needed). Send it again.")
        }
        var values = [Float](repeating: 0, count: count)
        for row in 0..<rows {
            for column in 0..<columns {
                let place = header.isColumnMajor ? column * rows + row : row * columns + column
                values[row * columns + column] = header.value(of: content, at: place)
            }
        }
        if let place = values.firstIndex(where: { !decibels.contains(abs($0)) && $0 != 0 }) {
            throw SpectraError(
                .notFinite,
                "\(name): the value in row \(place / columns), column \(place % columns) is \(values[place]), which is "
                    + "no level in dB. Check the program that wrote it.")
        }
        return LogMel(melBands: rows, frames: columns, values: values)
    }

    /// Reads a matrix that lies in an array.
    package static func read(_ bytes: [UInt8], name: String) throws(SpectraError) -> LogMel {
        let result: Result<LogMel, SpectraError> = bytes.withUnsafeBytes { bytes in
            do throws(SpectraError) {
                return .success(try read(bytes, name: name))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The bytes of a `.npy` file.
    package static func bytes(of matrix: LogMel) -> [UInt8] {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(matrix.melBands), \(matrix.frames)), }"
        // NumPy aligns the values to 64 bytes: magic, version and length take 10, the line end 1.
        header += String(repeating: " ", count: -(header.utf8.count + 11) & 63) + "\n"
        var bytes = magic + [1, 0, UInt8(header.utf8.count & 0xff), UInt8(header.utf8.count >> 8)]
        bytes += Array(header.utf8)
        bytes.reserveCapacity(bytes.count + 4 * matrix.values.count)
        for value in matrix.values {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// Whether a file begins as every `.npy` file does.
    package static func isNumPy(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: magic)
    }

    /// What to do with a file that is none, to follow its name.
    static func foreignSentence(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.starts(with: "PK\u{3}\u{4}".utf8) {
            return "is an archive of several arrays (.npz). Save each array in a file of its own with numpy.save."
        }
        if bytes.starts(with: "version https://git-lfs".utf8) {
            return "is a Git LFS pointer in place of the array. Fetch the array with 'git lfs pull'."
        }
        return "is not a NumPy file. Write it with numpy.save."
    }
}
