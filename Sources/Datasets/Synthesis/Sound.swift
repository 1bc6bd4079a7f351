internal import Tensors

/// The sound of a machine as it grows: one component after another is added to the same samples.
struct Sound {
    static let sampleRateHz = 16_000

    /// Full scale 1.
    private(set) var samples: [Float]

    /// Silence. The length is rounded up to a multiple of 64 samples.
    init(seconds: Double) {
        let count = (Int(seconds * Double(Self.sampleRateHz)) + 63) / 64 * 64
        samples = [Float](repeating: 0, count: count)
    }

    /// Mean square.
    var power: Double { samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(samples.count) }

    mutating func scale(by factor: Float) {
        for index in samples.indices { samples[index] *= factor }
    }

    mutating func add(_ other: Sound) { add(other.samples, level: 1) }

    /// Adds `level` times the other samples; with an envelope, each sample weighted by it.
    mutating func add(_ other: [Float], level: Float, envelope: [Float]? = nil) {
        precondition(other.count == samples.count, "\(other.count) samples added to \(samples.count)")
        samples.withUnsafeMutableBufferPointer { samples in
            other.withUnsafeBufferPointer { other in
                if let envelope {
                    envelope.withUnsafeBufferPointer { envelope in
                        for index in 0..<samples.count { samples[index] += level * envelope[index] * other[index] }
                    }
                } else {
                    for index in 0..<samples.count { samples[index] += level * other[index] }
                }
            }
        }
    }
}

extension Sound {
    /// Adds the harmonics of a rotation, Σ levels[k − 1]·sin(2πk·order·angle).
    ///
    /// Harmonics follow from each other by sin kx = 2 cos x · sin (k − 1)x − sin (k − 2)x. Those above half the sample
    /// rate would fold back: give no more levels than fit.
    ///
    /// - Parameter order: cycles of the fundamental per turn of the shaft, e.g. the number of blades.
    mutating func addHarmonics(of shaft: ShaftMotion, order: Double = 1, levels: [Float]) {
        samples.withUnsafeMutableBufferPointer { samples in
            shaft.angle.withUnsafeBufferPointer { angle in
                for start in stride(from: 0, to: samples.count, by: 8) {
                    var turns = SIMD8<Float>()
                    for lane in 0..<8 {
                        let exact = order * angle[start + lane]
                        turns[lane] = Float(exact - Double(Int(exact)))
                    }
                    let twiceCosine = 2 * sine(turns: turns + 0.25)
                    var (before, current, sum) = (SIMD8<Float>(), sine(turns: turns), SIMD8<Float>())
                    for level in levels {
                        sum += level * current
                        (before, current) = (current, twiceCosine * current - before)
                    }
                    for lane in 0..<8 { samples[start + lane] += sum[lane] }
                }
            }
        }
    }

    /// Adds noise that passes resonances in parallel, each at its level.
    mutating func addNoise(
        _ random: inout CounterRandom, through resonances: [Resonance], level: Float = 1, envelope: [Float]? = nil
    ) {
        let bank = ResonanceBank(resonances, levels: resonances.map(\.noiseLevel))
        add(bank.filtered(whiteNoise(samples.count, &random)), level: level, envelope: envelope)
    }

    /// Adds impacts that make resonances ring.
    ///
    /// - Parameter impacts: sample indices and strengths; those outside the sound are passed over.
    mutating func addImpacts(_ impacts: [(index: Int, strength: Float)], ringing resonances: [Resonance], level: Float)
    {
        guard !impacts.isEmpty else { return }
        var train = [Float](repeating: 0, count: samples.count)
        for impact in impacts where train.indices.contains(impact.index) { train[impact.index] += impact.strength }
        add(ResonanceBank(resonances, levels: resonances.map(\.impactLevel)).filtered(train), level: level)
    }
}

/// Independent samples of mean 0 and power 1: four 16-bit uniform numbers are summed, which is close to normal.
func whiteNoise(_ count: Int, _ random: inout CounterRandom) -> [Float] {
    let scale: Float = 1.732_050_8 / 65_536
    var random = random
    let noise = [Float](unsafeUninitializedCapacity: count) { noise, initialized in
        for index in 0..<count {
            let bits = random.next()
            let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + bits >> 48
            noise[index] = scale * (Float(Int32(truncatingIfNeeded: sum)) - 131_070)
        }
        initialized = count
    }
    return noise
}
