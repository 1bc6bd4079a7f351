internal import Tensors

/// One individual of a kind of machine: what distinguishes it from its sisters is drawn once, when it is made.
protocol MachineSound: Sendable {
    /// The machine type, as folders are called.
    static var type: String { get }
    /// What it can suffer from.
    static var faults: [Fault] { get }

    init(random: inout CounterRandom)

    /// What a microphone beside the machine hears, without the plant around it.
    func sound(_ condition: Condition, seconds: Double, random: inout CounterRandom) -> Sound
}

extension CounterRandom {
    /// Uniform in the range.
    mutating func next(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * nextUnit()
    }

    /// An amplitude whose level is uniform within ± that many decibels.
    mutating func nextLevel(within decibels: Double) -> Float { amplitude(decibels: next(in: -decibels...decibels)) }

    /// Levels of a series of harmonics: each lower than the one before by `decline` dB, give or take `scatter` dB.
    mutating func nextSeries(_ count: Int, decline: Double, scatter: Double) -> [Float] {
        (0..<count).map { amplitude(decibels: -decline * Double($0) + next(in: -scatter...scatter)) }
    }
}

extension [Float] {
    func scaled(by factor: Float) -> [Float] { map { $0 * factor } }
}

extension Sound {
    /// The time in samples.
    static func samples(seconds: Double) -> Int { Int(seconds * Double(sampleRateHz)) }

    /// Adds the hum of a motor's iron, which the field magnetises twice in every cycle of the mains: 100 Hz and its
    /// harmonics.
    mutating func addHum(_ levels: [Float], random: inout CounterRandom) {
        let field = ShaftMotion(speedHz: 100, wander: 0.0004, count: samples.count, random: &random)
        addHarmonics(of: field, levels: levels)
    }

    /// Adds the hiss of a jet from a leak.
    ///
    /// Its spectrum peaks at the Strouhal number f·d/U = 0.2, kilohertz for millimetres of hole.
    ///
    /// Source: Lighthill, "On sound generated aerodynamically I", 1952; Tam, "Jet noise: since 1952", 1998.
    mutating func addJet(peakHz: Double, level: Float, envelope: [Float]? = nil, random: inout CounterRandom) {
        let jet = [
            Resonance(frequencyHz: peakHz, bandwidthHz: 0.5 * peakHz),
            Resonance(frequencyHz: 1.35 * peakHz, bandwidthHz: 0.5 * peakHz, decibels: -4),
        ]
        addNoise(&random, through: jet, level: level, envelope: envelope)
    }
}
