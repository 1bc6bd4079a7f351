/// All that is remembered of hearings to fit a Gaussian to them: their number, and per spectrum Σx and Σxxᵀ.
///
/// Sums of parts add up to the sums of the whole, and taking a part away leaves those of the rest, within the last bits.
/// Hearings are measured from a fixed origin near to where sound lies, so that little is lost to rounding.
package struct HearingSums: Sendable, Equatable {
    package let melBands: Int
    package private(set) var count = 0
    /// Σ(x − origin). **Shape** (3, melBands).
    private var sum: [Double]
    /// Σ(x − origin)(x − origin)ᵀ of each spectrum.
    private var products: [LowerTriangle]

    /// Of no hearing.
    package init(melBands: Int) {
        self.melBands = melBands
        sum = [Double](repeating: 0, count: Hearing.Spectrum.allCases.count * melBands)
        products = Hearing.Spectrum.allCases.map { _ in LowerTriangle(dimension: melBands) }
    }

    package init(of hearings: some Collection<Hearing>, melBands: Int) {
        self.init(melBands: melBands)
        for hearing in hearings { add(hearing) }
    }

    package mutating func add(_ hearing: Hearing) {
        precondition(hearing.melBands == melBands, "\(hearing.melBands) mel bands among \(melBands)")
        let shifted = zip(hearing.values, Self.origins(melBands)).map(-)
        count += 1
        for index in sum.indices { sum[index] += shifted[index] }
        shifted.withUnsafeBufferPointer { shifted in
            guard let first = shifted.baseAddress else { return }
            for spectrum in products.indices {
                products[spectrum].add(outerProductOf: first + spectrum * melBands)
            }
        }
    }

    /// Of one hearing or more, dB. **Shape** (3, melBands).
    package var mean: [Double] { zip(sum, Self.origins(melBands)).map { $0 / Double(count) + $1 } }

    package static func += (left: inout Self, right: Self) { left.combine(right, sign: 1) }

    package static func - (left: Self, right: Self) -> Self {
        var rest = left
        rest.combine(right, sign: -1)
        return rest
    }

    private mutating func combine(_ other: Self, sign: Int) {
        precondition(other.melBands == melBands, "sums of \(other.melBands) mel bands among \(melBands)")
        count += sign * other.count
        for index in sum.indices { sum[index] += Double(sign) * other.sum[index] }
        for (spectrum, product) in other.products.enumerated() {
            for index in product.values.indices {
                products[spectrum].values[index] += Double(sign) * product.values[index]
            }
        }
    }

    /// dB.
    private static func origins(_ melBands: Int) -> [Double] {
        Hearing.Spectrum.allCases.flatMap { spectrum in
            repeatElement(spectrum == .flutter ? 0 : -40, count: melBands)
        }
    }
}

/// How hearings lie about their mean.
struct HearingScatter: Sendable {
    let melBands: Int
    /// One less than there are hearings.
    let degrees: Double
    /// **Shape** (3, melBands).
    let mean: [Double]
    /// Σ(x − mean)(x − mean)ᵀ of each spectrum.
    let products: [LowerTriangle]
    /// The diagonals of `products`, none below 0. **Shape** (3, melBands).
    let squares: [Double]
}

extension HearingSums {
    /// Of one hearing or more.
    var scatter: HearingScatter {
        precondition(count > 0, "no hearing has no mean")
        let n = Double(count)
        let centred = products.enumerated().map { spectrum, product in
            var product = product
            let row = Array(sum[spectrum * melBands..<(spectrum + 1) * melBands])
            row.withUnsafeBufferPointer { row in
                if let row = row.baseAddress { product.add(-1 / n, outerProductOf: row) }
            }
            return product
        }
        return HearingScatter(
            melBands: melBands, degrees: n - 1, mean: mean,
            products: centred, squares: centred.flatMap(\.diagonal).map { max($0, 0) })
    }
}
