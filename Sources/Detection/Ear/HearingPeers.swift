/// What other machines tell of one: how much its bands vary, and how they vary together.
///
/// Peers are the machines of its type and, as if `plantClips` clips of it had been heard, the rest of the plant.
struct HearingPeers: Sendable {
    /// The clips' worth of what the rest of the plant tells.
    private static let plantClips = 30.0

    /// How many clips' worth it is, as degrees of freedom; 0 where there is nobody.
    private(set) var degrees: Double
    /// Sums of squares. **Shape** (3, melBands).
    private(set) var squares: [Double]
    /// Per spectrum the scatter of the bands, each over its own machine's scale.
    private(set) var products: [LowerTriangle]

    /// - Parameters:
    ///   - machines: in an order that does not depend on who fitted them.
    ///   - plant: the machines of all other types.
    init(_ machines: [HearingScatter], plant: HearingPeers? = nil, melBands: Int) {
        degrees = machines.reduce(0) { $0 + $1.degrees }
        squares = [Double](repeating: 0, count: Hearing.Spectrum.allCases.count * melBands)
        products = Hearing.Spectrum.allCases.map { _ in LowerTriangle(dimension: melBands) }
        if degrees > 0 {
            for machine in machines {
                for index in squares.indices { squares[index] += machine.squares[index] }
            }
            let variance = squares.map { $0 / degrees }
            for machine in machines {
                let scaled = machine.products(over: machine.scale(prior: variance))
                for spectrum in products.indices { products[spectrum].add(scaled[spectrum]) }
            }
        }
        if let plant, plant.degrees > 0 {
            let share = Self.plantClips / plant.degrees
            for index in squares.indices { squares[index] += share * plant.squares[index] }
            for spectrum in products.indices { products[spectrum].add(plant.products[spectrum], times: share) }
            degrees += Self.plantClips
        }
    }
}

extension HearingScatter {
    /// Pseudo clips of the prior's variance in a scale.
    private static let priorClips = 5.0
    /// dB; of bands that never change.
    private static let smallestScale = 0.01

    /// The deviation of every band, as if some clips of the prior's variance had been heard too.
    ///
    /// **Shape** `prior`, result (3, melBands).
    func scale(prior variance: [Double]) -> [Double] {
        zip(squares, variance).map { squares, variance in
            ((squares + Self.priorClips * variance) / (degrees + Self.priorClips)
                + Self.smallestScale * Self.smallestScale).squareRoot()
        }
    }

    /// The scatter of every spectrum, its bands over their scale. **Shape** `scale` (3, melBands).
    func products(over scale: [Double]) -> [LowerTriangle] {
        products.enumerated().map { spectrum, product in
            var scaled = product
            var index = 0
            for i in 0..<melBands {
                for j in 0...i {
                    scaled.values[index] /= scale[spectrum * melBands + i] * scale[spectrum * melBands + j]
                    index += 1
                }
            }
            return scaled
        }
    }
}

extension LowerTriangle {
    /// Adds weight · other.
    mutating func add(_ other: LowerTriangle, times weight: Double = 1) {
        for index in values.indices { values[index] += weight * other.values[index] }
    }
}
