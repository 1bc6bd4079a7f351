internal import Tensors

/// A belt-driven industrial fan.
///
/// Its tones are the shaft's f_r, 2f_r, … and the blades' B·f_r, 2B·f_r, …; turbulence excites the housing; the motor hums.
/// An unbalanced rotor shakes with F = m·e·ω² at f_r; a stalled one beats at about 0.6 f_r.
///
/// Source: Neise, "Review of fan noise generation mechanisms and control methods", 1992.
struct FanSound: MachineSound {
    static let type = "fan"
    static let faults: [Fault] = [.imbalance, .outerRace, .beltSlip, .clogging, .innerRace, .lowVoltage]

    private let speedHz: Double
    private let blades: Int
    private let shaftLevels: [Float]
    private let bladeLevels: [Float]
    private let humLevels: [Float]
    private let housing: [Resonance]
    private let bearing: Bearing
    private let squealHz: Double

    init(random: inout CounterRandom) {
        speedHz = random.next(in: 19...28)
        blades = 5 + random.nextIndex(below: 5)
        shaftLevels = random.nextSeries(8, decline: 3, scatter: 3)
        bladeLevels = random.nextSeries(6, decline: 4, scatter: 2.5)
        humLevels = random.nextSeries(5, decline: 3, scatter: 3)
        housing = [
            Resonance(frequencyHz: random.next(in: 180...320), bandwidthHz: 140),
            Resonance(frequencyHz: random.next(in: 500...900), bandwidthHz: 320, decibels: random.next(in: -8 ... -3)),
            Resonance(
                frequencyHz: random.next(in: 1_300...2_100), bandwidthHz: 900, decibels: random.next(in: -14 ... -9)),
        ]
        bearing = Bearing(random: &random)
        squealHz = random.next(in: 700...1_300)
    }

    func sound(_ condition: Condition, seconds: Double, random: inout CounterRandom) -> Sound {
        var sound = Sound(seconds: seconds)
        let count = sound.samples.count
        let (clogging, voltage) = (condition.severity(of: .clogging), condition.severity(of: .lowVoltage))
        let slips = beltSlips(condition, count: count, &random)
        let speed = speedHz * random.next(in: 0.988...1.012) * (1 + 0.025 * clogging) * (1 - 0.06 * voltage)
        let shaft = ShaftMotion(speedHz: speed, wander: 0.004, count: count, random: &random, dips: slips)

        var rotation = shaftLevels.scaled(by: 0.5 * random.nextLevel(within: 1.5))
        rotation[0] *= Float(1 + 8 * condition.severity(of: .imbalance))
        rotation[1] *= Float(1 + 4 * condition.severity(of: .imbalance))
        sound.addHarmonics(of: shaft, levels: rotation)
        let bladeTones = bladeLevels.scaled(by: Float(1 - 0.4 * clogging) * random.nextLevel(within: 1.5))
        sound.addHarmonics(of: shaft, order: Double(blades), levels: bladeTones)
        sound.addHum(
            humLevels.scaled(by: 0.25 * Float(1 - 0.4 * voltage) * random.nextLevel(within: 1)), random: &random)

        let stall = shaft.angle.map { 1 + Float(0.5 * clogging) * sine(turns: Float(0.6 * $0)) }
        sound.addNoise(
            &random, through: housing, level: Float(1 + 0.35 * clogging) * random.nextLevel(within: 1.5),
            envelope: stall)
        sound.addBearing(
            bearing, on: shaft, friction: 0.06 * random.nextLevel(within: 1), condition: condition, random: &random)
        addSqueal(to: &sound, during: slips.map(\.samples), severity: condition.severity, &random)
        return sound
    }

    /// When the belt slips: some tenths of a second, a few times in a clip.
    private func beltSlips(
        _ condition: Condition, count: Int, _ random: inout CounterRandom
    ) -> [(samples: Range<Int>, depth: Double)] {
        guard condition.fault == .beltSlip else { return [] }
        return (0..<(2 + random.nextIndex(below: 4))).map { _ in
            let start = random.nextIndex(below: count)
            let length = Sound.samples(seconds: random.next(in: 0.15...0.5))
            return (start..<min(count, start + length), 0.03 + 0.12 * condition.severity)
        }
    }

    /// The stick-slip tone of the belt while it slips.
    private func addSqueal(
        to sound: inout Sound, during slips: [Range<Int>], severity: Double, _ random: inout CounterRandom
    ) {
        guard !slips.isEmpty else { return }
        let tone = ShaftMotion(
            speedHz: squealHz * random.next(in: 0.95...1.05), wander: 0.03, count: sound.samples.count, random: &random)
        var squeal = Sound(seconds: Double(sound.samples.count) / Double(Sound.sampleRateHz))
        squeal.addHarmonics(of: tone, levels: [1, 0.5, 0.35, 0.2])
        var envelope = [Float](repeating: 0, count: sound.samples.count)
        for slip in slips { for index in slip { envelope[index] = 1 } }
        sound.add(squeal.samples, level: Float(0.02 + 0.15 * severity), envelope: envelope)
    }
}
