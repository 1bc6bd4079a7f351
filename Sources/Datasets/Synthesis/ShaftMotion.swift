internal import Tensors

/// How far a shaft has turned at every sample: angle[n + 1] = angle[n] + f(n)/fs.
struct ShaftMotion {
    /// Samples during which a speed is held.
    static let stretchLength = 64

    /// Turns, growing without wrapping.
    let angle: [Double]

    /// A shaft whose speed is given for every stretch of 64 samples, in turns per second.
    init(speedsHz: [Double], count: Int, random: inout CounterRandom) {
        precondition(speedsHz.count * Self.stretchLength >= count, "\(speedsHz.count) speeds for \(count) samples")
        var turns = random.nextUnit()
        angle = [Double](unsafeUninitializedCapacity: count) { angle, initialized in
            for index in 0..<count {
                angle[index] = turns
                turns += speedsHz[index / Self.stretchLength] / Double(Sound.sampleRateHz)
            }
            initialized = count
        }
    }

    /// A motor-driven shaft: f(t) = speed·(1 + wander/3·Σᵢ sin(2πfᵢt + θᵢ)) with three slow fᵢ, for no machine turns quite
    /// evenly.
    ///
    /// - Parameters:
    ///   - wander: the largest relative deviation of the speed, e.g. 0.003.
    ///   - dips: samples during which the shaft lags, and by how much of its speed: a belt that slips.
    init(
        speedHz: Double, wander: Double, count: Int, random: inout CounterRandom,
        dips: [(samples: Range<Int>, depth: Double)] = []
    ) {
        let swings = (0..<3).map { _ in (hertz: 0.1 + 0.9 * random.nextUnit(), phase: random.nextUnit()) }
        var speeds = stride(from: 0, to: count, by: Self.stretchLength).map { start in
            let time = Double(start) / Double(Sound.sampleRateHz)
            let sum = swings.reduce(0.0) { $0 + Double(sine(turns: Float($1.hertz * time + $1.phase))) }
            return speedHz * (1 + wander * sum / 3)
        }
        for dip in dips {
            for place in speeds.indices where dip.samples.contains(place * Self.stretchLength) {
                speeds[place] *= 1 - dip.depth
            }
        }
        self.init(speedsHz: speeds, count: count, random: &random)
    }
}

extension ShaftMotion {
    /// The samples at which something on the shaft strikes.
    ///
    /// - Parameters:
    ///   - order: strikes per turn.
    ///   - slip: relative scatter of the intervals: rolling elements slide a little.
    ///   - modulation: 0 for the same force at every strike, 1 where the place struck turns through the load zone.
    func strikes(
        order: Double, slip: Double, modulation: Float, random: inout CounterRandom
    ) -> [(index: Int, strength: Float)] {
        var strikes: [(index: Int, strength: Float)] = []
        var next = order * angle[0] + random.nextUnit()
        for index in angle.indices where order * angle[index] >= next {
            let load = 0.5 + 0.5 * sine(turns: Float(angle[index] - Double(Int(angle[index]))))
            strikes.append((index, 1 - modulation + modulation * load))
            next += 1 + slip * (2 * random.nextUnit() - 1)
        }
        return strikes
    }
}
