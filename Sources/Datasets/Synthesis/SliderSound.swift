internal import Tensors

/// A linear slide: a carriage that a ball screw drives to and fro.
///
/// The carriage's speed follows a trapezoid, v(t) = ±V·min(1, ramps); the screw turns with it, the rollers' noise grows with
/// |v|, and each reversal knocks. Dry friction falls as the speed grows, so an ungreased rail sticks and slips.
///
/// Source: Ohta, Hayashi, "Vibration of linear guideway type recirculating linear ball bearings", 2000; Armstrong-Hélouvry,
/// Dupont, Canudas de Wit, "A survey of models … of machines with friction", 1994.
struct SliderSound: MachineSound {
    static let type = "slider"
    static let faults: [Fault] = [.dryRail, .damagedRail, .lowVoltage, .outerRace, .beltSlip]

    private let strokeSeconds: Double
    private let rampShare: Double
    private let screwHz: Double
    private let screwLevels: [Float]
    private let ballOrder: Double
    private let ballLevels: [Float]
    private let rail: [Resonance]
    private let frame: [Resonance]
    private let bearing: Bearing
    private let squealHz: Double
    private let dent: Double

    init(random: inout CounterRandom) {
        strokeSeconds = random.next(in: 0.7...1.3)
        rampShare = random.next(in: 0.12...0.22)
        screwHz = random.next(in: 14...24)
        screwLevels = random.nextSeries(10, decline: 2, scatter: 3)
        ballOrder = random.next(in: 11...17)
        ballLevels = random.nextSeries(5, decline: 4, scatter: 2)
        rail = [
            Resonance(frequencyHz: random.next(in: 1_000...1_600), bandwidthHz: 500),
            Resonance(
                frequencyHz: random.next(in: 2_600...4_200), bandwidthHz: 1_300, decibels: random.next(in: -6 ... -1)),
        ]
        frame = [
            Resonance(frequencyHz: random.next(in: 220...420), bandwidthHz: 25),
            Resonance(frequencyHz: random.next(in: 700...1_100), bandwidthHz: 45, decibels: -5),
            Resonance(frequencyHz: random.next(in: 1_700...2_600), bandwidthHz: 90, decibels: -10),
        ]
        bearing = Bearing(random: &random)
        squealHz = random.next(in: 1_500...2_600)
        dent = random.next(in: 0.25...0.75)
    }

    func sound(_ condition: Condition, seconds: Double, random: inout CounterRandom) -> Sound {
        var sound = Sound(seconds: seconds)
        let count = sound.samples.count
        let stroke = strokeSeconds * random.next(in: 0.985...1.015) * (1 + 0.08 * condition.severity(of: .lowVoltage))
        let start = random.nextUnit()
        // Position in strokes: its whole part counts the reversals, the rest says how far the carriage has come.
        let place = { (index: Int) in start + Double(index) / Double(Sound.sampleRateHz) / stroke }
        let speed = (0..<count).map { index in
            let along = place(index) - place(index).rounded(.down)
            return Float(min(1, along / rampShare, (1 - along) / rampShare))
        }
        let turning = screwHz * strokeSeconds / stroke
        let screw = ShaftMotion(
            speedsHz: stride(from: 0, to: count, by: ShaftMotion.stretchLength).map { turning * Double(speed[$0]) },
            count: count, random: &random)

        var tones = Sound(seconds: seconds)
        tones.addHarmonics(of: screw, levels: screwLevels.scaled(by: 0.5 * random.nextLevel(within: 1.5)))
        tones.addHarmonics(
            of: screw, order: ballOrder, levels: ballLevels.scaled(by: 0.5 * random.nextLevel(within: 1.5)))
        tones.addNoise(&random, through: rail, level: 0.7 * random.nextLevel(within: 1.5))
        tones.addBearing(
            bearing, on: screw, friction: 0.1 * random.nextLevel(within: 1), condition: condition, random: &random)
        if condition.fault == .dryRail { addStickSlip(to: &tones, condition.severity, &random) }
        sound.add(tones.samples, level: 1, envelope: speed)

        sound.addImpacts(
            knocks(condition, count: count, place: place, &random), ringing: frame,
            level: 0.9 * random.nextLevel(within: 1))
        return sound
    }

    /// The reversals, and what a dent or a skipping belt adds to them.
    private func knocks(
        _ condition: Condition, count: Int, place: (Int) -> Double, _ random: inout CounterRandom
    ) -> [(index: Int, strength: Float)] {
        var knocks: [(index: Int, strength: Float)] = []
        let dentStrength = Float(0.6 * condition.severity(of: .damagedRail))
        for index in 1..<count {
            let (before, now) = (place(index - 1), place(index))
            if now.rounded(.down) > before.rounded(.down) { knocks.append((index, random.nextLevel(within: 2))) }
            // The dent lies at one place of the rail: on the way back it comes after the rest of the stroke.
            let way = Int(now.rounded(.down)) % 2 == 0 ? dent : 1 - dent
            let (from, to) = (before - now.rounded(.down), now - now.rounded(.down))
            if dentStrength > 0, from < way, to >= way { knocks.append((index, 0.2 + dentStrength)) }
        }
        if condition.fault == .beltSlip {
            for _ in 0..<(3 + random.nextIndex(below: 6)) {
                let first = random.nextIndex(below: count)
                // Teeth skip one after another.
                for tooth in 0..<4 { knocks.append((first + tooth * 320, Float(0.06 + 0.2 * condition.severity))) }
            }
        }
        return knocks
    }

    /// Stick-slip of a dry rail: louder rolling and a rough tone.
    private func addStickSlip(to sound: inout Sound, _ severity: Double, _ random: inout CounterRandom) {
        let tone = ShaftMotion(
            speedHz: squealHz * random.next(in: 0.97...1.03), wander: 0.02, count: sound.samples.count, random: &random)
        sound.addHarmonics(of: tone, levels: [1, 0.4, 0.2].scaled(by: Float(0.01 + 0.05 * severity)))
        sound.addNoise(&random, through: rail, level: Float(0.06 + 0.25 * severity))
    }
}
