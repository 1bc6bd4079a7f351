internal import Tensors

/// Two bands of rows that an image passes through on its way into a 3×3 filter; a row outside the image reads as zero.
///
/// The rows that are made at once lie side by side. They run one row ahead of the rows that are filtered, so that the band
/// before still holds what the filter reads above.
struct BandRing {
    /// Rows of a band: at least two, and of narrow images so many that a matrix product has some 160 positions.
    static func bandRows(columns: Int) -> Int { max(2, 160 / columns / 2 * 2) }

    private let base: UnsafeMutablePointer<Float>
    private let zero: UnsafePointer<Float>
    private let rows: Int
    private let rowLength: Int
    private let bandRows: Int

    /// - Parameter plane: the image that passes through.
    init(_ scratch: MobileFaceNetScratch, _ plane: Plane) {
        base = scratch.ring.pointer
        zero = UnsafePointer(scratch.zeroRow.pointer)
        rows = plane.rows
        rowLength = plane.columns * plane.channels
        bandRows = Self.bandRows(columns: plane.columns)
    }

    /// The rows to make, then the output rows that can be filtered.
    func bands(stride: Int) -> [(made: Range<Int>, filtered: Range<Int>)] {
        let outputs = (rows - 1) / stride + 1
        var made = 0
        return Swift.stride(from: 0, to: outputs, by: bandRows / stride).map { first in
            let end = min(first * stride + bandRows + 1, rows)
            defer { made = end }
            return (made..<end, first..<min(first + bandRows / stride, outputs))
        }
    }

    subscript(row: Int) -> UnsafeMutablePointer<Float> { base + (row + bandRows - 1) % (2 * bandRows) * rowLength }

    func reading(_ row: Int) -> UnsafePointer<Float> {
        (0..<rows).contains(row) ? UnsafePointer(self[row]) : zero
    }
}
