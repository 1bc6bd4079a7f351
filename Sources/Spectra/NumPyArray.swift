/// A matrix of floats as NumPy stores it in `.npy` files.
///
/// Reads versions 1 to 3, float32 and float64 in little-endian order, rows or columns first; writes version 1, float32,
/// rows first.
///
/// Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
package enum NumPyArray {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

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
        guard content.count == count * header.valueByteCount else {
            throw SpectraError(
                .truncated,
                "\(name): has \(content.count) bytes of values, its shape (\(rows), \(columns)) needs "
                    + "\(count * header.valueByteCount). Send it again.")
        }
        var values = [Float](repeating: 0, count: count)
        for row in 0..<rows {
            for column in 0..<columns {
                let place = header.isColumnMajor ? column * rows + row : row * columns + column
                values[row * columns + column] = header.value(of: content, at: place)
            }
        }
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw SpectraError(
                .notFinite,
                "\(name): the value in row \(place / columns), column \(place % columns) is \(values[place]). "
                    + "Check the program that wrote it.")
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
}
