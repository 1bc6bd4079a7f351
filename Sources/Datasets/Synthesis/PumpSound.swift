internal import Tensors

/// A centrifugal pump on a two-pole motor.
///
/// Tones at the shaft's speed and at the vanes' Z·f_r; the flow excites the casing. Where the inlet is blocked the pressure
/// falls below that of vapour: bubbles collapse at random times, each with a click of some kilohertz.
///
/// Source: Brennen, "Hydrodynamics of Pumps", 1994; Alfayez, Mba, Dyson, "The application of acoustic emission for
/// detecting incipient cavitation", 2005.
struct PumpSound: MachineSound {
    static let type = "pump"
    static let faults: [Fault] = [.leak, .clogging, .innerRace, .imbalance, .outerRace, .lowVoltage]

    private let speedHz: Double
    private let vanes: Int
    private let shaftLevels: [Float]
    private let vaneLevels: [Float]
    private let humLevels: [Float]
    private let casing: [Resonance]
    private let cavity: [Resonance]
    private let bearing: Bearing
    private let jetHz: Double

    init(random: inout CounterRandom) {
        speedHz = random.next(in: 46.5...49.5)
        vanes = 4 + random.nextIndex(below: 4)
        shaftLevels = random.nextSeries(12, decline: 2, scatter: 4)
        vaneLevels = random.nextSeries(6, decline: 3.5, scatter: 3)
        humLevels = random.nextSeries(8, decline: 2, scatter: 4)
        casing = [
            Resonance(frequencyHz: random.next(in: 350...700), bandwidthHz: 260),
            Resonance(
                frequencyHz: random.next(in: 900...1_700), bandwidthHz: 600, decibels: random.next(in: -7 ... -2)),
            Resonance(
                frequencyHz: random.next(in: 2_300...3_200), bandwidthHz: 1_000, decibels: random.next(in: -13 ... -8)),
        ]
        cavity = [
            Resonance(frequencyHz: random.next(in: 3_000...4_200), bandwidthHz: 700),
            Resonance(frequencyHz: random.next(in: 5_000...6_500), bandwidthHz: 900, decibels: -2),
        ]
        bearing = Bearing(random: &random)
        jetHz = random.next(in: 2_600...4_200)
    }

    func sound(_ condition: Condition, seconds: Double, random: inout CounterRandom) -> Sound {
        var sound = Sound(seconds: seconds)
        let count = sound.samples.count
        let (clogging, voltage) = (condition.severity(of: .clogging), condition.severity(of: .lowVoltage))
        let speed = speedHz * random.next(in: 0.994...1.006) * (1 - 0.05 * voltage)
        let shaft = ShaftMotion(speedHz: speed, wander: 0.002, count: count, random: &random)

        var rotation = shaftLevels.scaled(by: 0.4 * random.nextLevel(within: 1.5))
        rotation[0] *= Float(1 + 8 * condition.severity(of: .imbalance))
        rotation[1] *= Float(1 + 4 * condition.severity(of: .imbalance))
        sound.addHarmonics(of: shaft, levels: rotation)
        let vaneTones = vaneLevels.scaled(by: 0.8 * Float(1 - 0.3 * clogging) * random.nextLevel(within: 1.5))
        sound.addHarmonics(of: shaft, order: Double(vanes), levels: vaneTones)
        sound.addHum(
            humLevels.scaled(by: 0.3 * Float(1 - 0.4 * voltage) * random.nextLevel(within: 1)), random: &random)
        sound.addNoise(&random, through: casing, level: random.nextLevel(within: 1.5))
        sound.addBearing(
            bearing, on: shaft, friction: 0.08 * random.nextLevel(within: 1), condition: condition, random: &random)
        if condition.fault == .leak {
            sound.addJet(peakHz: jetHz, level: Float(0.03 + 0.16 * condition.severity), random: &random)
        }
        if condition.fault == .clogging {
            let bubbles = (0..<Int(seconds * (60 + 400 * clogging))).map { _ in
                (index: random.nextIndex(below: count), strength: Float(random.nextUnit() * random.nextUnit()))
            }
            sound.addImpacts(bubbles, ringing: cavity, level: Float(0.05 + 0.25 * clogging))
        }
        return sound
    }
}
