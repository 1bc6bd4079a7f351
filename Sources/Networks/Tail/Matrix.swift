internal import Tensors

/// A matrix in double precision, row by row: what the tail of a training step is made of.
///
/// The contrastive loss divides cosines by 0.02 and the batch norms of the tail see one value per clip, so that rounding
/// to float would show in the fifth digit of the loss. The tail is small enough to pay for exactness.
package struct Matrix: Sendable, Hashable {
    package let rows: Int
    package let columns: Int
    package var values: [Double]

    /// All zero.
    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        values = [Double](repeating: 0, count: rows * columns)
    }

    /// **Shapes**: source [rows][columns].
    package init(rows: Int, columns: Int, _ source: UnsafePointer<Float>) {
        self.rows = rows
        self.columns = columns
        values = (0..<rows * columns).map { Double(source[$0]) }
    }

    package init(rows: Int, columns: Int, _ source: [Float]) {
        precondition(source.count == rows * columns, "\(source.count) values for \(rows) x \(columns)")
        self.rows = rows
        self.columns = columns
        values = source.map { Double($0) }
    }

    package subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    package var floats: [Float] { values.map { Float($0) } }

    package var transposed: Matrix {
        var result = Matrix(rows: columns, columns: rows)
        for row in 0..<rows {
            for column in 0..<columns { result.values[column * rows + row] = values[row * columns + column] }
        }
        return result
    }

    /// **Shapes**: self [m][k], other [k][n], result [m][n].
    package func times(_ other: Matrix) -> Matrix {
        precondition(columns == other.rows, "\(rows) x \(columns) times \(other.rows) x \(other.columns)")
        var result = Matrix(rows: rows, columns: other.columns)
        let (depth, width) = (columns, other.columns)
        values.withUnsafeBufferPointer { a in
            other.values.withUnsafeBufferPointer { b in
                result.values.withUnsafeMutableBufferPointer { c in
                    for row in 0..<a.count / max(depth, 1) {
                        for k in 0..<depth {
                            let factor = a[row * depth + k]
                            guard factor != 0 else { continue }
                            for n in 0..<width { c[row * width + n] += factor * b[k * width + n] }
                        }
                    }
                }
            }
        }
        return result
    }

    package static func += (sum: inout Matrix, other: Matrix) {
        precondition(sum.rows == other.rows && sum.columns == other.columns, "matrices of different shapes")
        for index in sum.values.indices { sum.values[index] += other.values[index] }
    }

    /// Adds the values to floats that lie in the same order.
    package func add(to target: UnsafeMutablePointer<Float>) {
        for index in values.indices { target[index] += Float(values[index]) }
    }
}

extension Matrix {
    /// Each row divided by max(‖row‖, 1e−12), in place; returns the divisors.
    package mutating func normaliseRows() -> [Double] {
        (0..<rows).map { row in
            let range = row * columns..<(row + 1) * columns
            let length = max(values[range].reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
            for index in range { values[index] /= length }
            return length
        }
    }

    /// The way back through `normaliseRows`, in place: (g − z·(z·g)) / length per row, where z is what it made.
    package mutating func projectRows(_ z: Matrix, lengths: [Double]) {
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            let along = range.reduce(0) { $0 + z.values[$1] * values[$1] }
            for index in range { values[index] = (values[index] - z.values[index] * along) / lengths[row] }
        }
    }
}
