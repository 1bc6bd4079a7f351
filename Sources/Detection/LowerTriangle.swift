/// A lower triangular matrix, or the lower half of a symmetric one: row after row, without what lies above the diagonal.
///
/// Everything runs in a fixed order and in double precision, so that equal numbers give equal bits.
package struct LowerTriangle: Sendable, Equatable {
    package let dimension: Int
    /// Row i begins at i·(i + 1)/2. **Shape** (dimension · (dimension + 1)/2).
    package var values: [Double]

    /// How many numbers a triangle holds.
    static func count(_ dimension: Int) -> Int { dimension * (dimension + 1) / 2 }

    /// All zeros.
    init(dimension: Int) {
        self.dimension = dimension
        values = [Double](repeating: 0, count: Self.count(dimension))
    }

    /// **Shape** `values` (dimension · (dimension + 1)/2).
    init(dimension: Int, values: [Double]) {
        precondition(values.count == Self.count(dimension), "\(values.count) values for \(dimension) rows")
        self.dimension = dimension
        self.values = values
    }

    var diagonal: [Double] { (0..<dimension).map { values[$0 * ($0 + 3) / 2] } }

    var trace: Double { diagonal.reduce(0, +) }

    /// The sum of the squares of all elements of the symmetric matrix.
    var squares: Double {
        var all = 0.0
        for value in values { all += value * value }
        return 2 * all - diagonal.reduce(0) { $0 + $1 * $1 }
    }

    /// Adds weight · x xᵀ. **Shape** `x` (dimension).
    mutating func add(_ weight: Double = 1, outerProductOf x: UnsafePointer<Double>) {
        let dimension = dimension
        values.withUnsafeMutableBufferPointer { values in
            guard var row = values.baseAddress else { return }
            for i in 0..<dimension {
                let factor = weight * x[i]
                for j in 0...i { row[j] += factor * x[j] }
                row += i + 1
            }
        }
    }
}

extension LowerTriangle {
    /// C with C Cᵀ = the symmetric matrix; nil where that is not positive definite.
    func cholesky() -> LowerTriangle? {
        var factor = values
        let isPositive = factor.withUnsafeMutableBufferPointer { factor -> Bool in
            guard let first = factor.baseAddress else { return true }
            var row = first
            for i in 0..<dimension {
                var other = first
                for j in 0..<i {
                    row[j] = (row[j] - dot(row, other, count: j)) / other[j]
                    other += j + 1
                }
                let square = row[i] - dot(row, row, count: i)
                guard square > 0, square.isFinite else { return false }
                row[i] = square.squareRoot()
                row += i + 1
            }
            return true
        }
        return isPositive ? LowerTriangle(dimension: dimension, values: factor) : nil
    }

    /// The inverse of a triangle whose diagonal holds no zero.
    func inverse() -> LowerTriangle {
        var result = LowerTriangle(dimension: dimension)
        values.withUnsafeBufferPointer { factor in
            result.values.withUnsafeMutableBufferPointer { inverse in
                guard let factor = factor.baseAddress, let first = inverse.baseAddress else { return }
                for i in 0..<dimension {
                    let (source, row) = (factor + Self.count(i), first + Self.count(i))
                    let pivot = 1 / source[i]
                    // Row i is −pivot · (row i of the factor) · (the rows found so far), and pivot itself.
                    for k in 0..<i {
                        let weight = -pivot * source[k]
                        let found = first + Self.count(k)
                        for j in 0...k { row[j] += weight * found[j] }
                    }
                    row[i] = pivot
                }
            }
        }
        return result
    }

    /// The triangle times x. **Shape** `x`, result (dimension).
    func times(_ x: [Double]) -> [Double] {
        precondition(x.count == dimension, "\(x.count) numbers for \(dimension) columns")
        return values.withUnsafeBufferPointer { values in
            x.withUnsafeBufferPointer { x in
                guard let first = values.baseAddress, let x = x.baseAddress else { return [] }
                return (0..<dimension).map { dot(first + Self.count($0), x, count: $0 + 1) }
            }
        }
    }

    /// The transposed triangle times y. **Shape** `y`, result (dimension).
    func transposedTimes(_ y: [Double]) -> [Double] {
        precondition(y.count == dimension, "\(y.count) numbers for \(dimension) rows")
        var result = [Double](repeating: 0, count: dimension)
        values.withUnsafeBufferPointer { values in
            result.withUnsafeMutableBufferPointer { result in
                guard var row = values.baseAddress else { return }
                for i in 0..<dimension {
                    let factor = y[i]
                    for j in 0...i { result[j] += factor * row[j] }
                    row += i + 1
                }
            }
        }
        return result
    }
}

/// The sum of products, in eight partial sums.
private func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, count: Int) -> Double {
    var (even, odd) = (SIMD4<Double>(), SIMD4<Double>())
    let (x, y) = (UnsafeRawPointer(x), UnsafeRawPointer(y))
    let size = MemoryLayout<Double>.size
    var i = 0
    while i + 8 <= count {
        even += quad(x, i) * quad(y, i)
        odd += quad(x, i + 4) * quad(y, i + 4)
        i += 8
    }
    var sum = (even + odd).sum()
    while i < count {
        sum += x.load(fromByteOffset: i * size, as: Double.self) * y.load(fromByteOffset: i * size, as: Double.self)
        i += 1
    }
    return sum
}

private func quad(_ x: UnsafeRawPointer, _ index: Int) -> SIMD4<Double> {
    x.loadUnaligned(fromByteOffset: index * MemoryLayout<Double>.size, as: SIMD4<Double>.self)
}
