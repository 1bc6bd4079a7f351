internal import Tensors

/// A solenoid valve that lets compressed air through at irregular times.
///
/// Opening and closing strike the seat, whose modes ring; between them the stream hisses. Its level follows the stroke of
/// the plunger, 1 − e^(−t/τ) approximated by t/(t + τ). With too little voltage the plunger chatters at twice the mains
/// frequency.
///
/// Source: IEC 60534-8-3, "Control valve aerodynamic noise prediction method", 2010 (noise of the throttled stream).
struct ValveSound: MachineSound {
    static let type = "valve"
    static let faults: [Fault] = [.contamination, .leak, .lowVoltage, .clogging]

    private let openSeconds: ClosedRange<Double>
    private let pauseSeconds: ClosedRange<Double>
    private let seat: [Resonance]
    private let closing: Float
    private let jetHz: Double
    private let humLevels: [Float]
    private let riseSeconds: Double

    init(random: inout CounterRandom) {
        let open = random.next(in: 0.15...0.4)
        let pause = random.next(in: 0.5...1.1)
        openSeconds = (0.8 * open)...(1.25 * open)
        pauseSeconds = (0.6 * pause)...(1.5 * pause)
        seat = [
            Resonance(frequencyHz: random.next(in: 900...1_500), bandwidthHz: 60),
            Resonance(frequencyHz: random.next(in: 2_200...3_400), bandwidthHz: 110, decibels: -3),
            Resonance(frequencyHz: random.next(in: 4_200...6_200), bandwidthHz: 220, decibels: -6),
        ]
        closing = Float(random.next(in: 0.5...0.9))
        jetHz = random.next(in: 2_000...4_500)
        humLevels = random.nextSeries(6, decline: 2, scatter: 4)
        riseSeconds = random.next(in: 0.008...0.02)
    }

    func sound(_ condition: Condition, seconds: Double, random: inout CounterRandom) -> Sound {
        var sound = Sound(seconds: seconds)
        let count = sound.samples.count
        let (dirt, voltage) = (condition.severity(of: .contamination), condition.severity(of: .lowVoltage))
        let rise = riseSeconds * (1 + 8 * dirt) * Double(Sound.sampleRateHz)
        var strikes: [(index: Int, strength: Float)] = []
        var stream = [Float](repeating: 0, count: count)
        var current = [Float](repeating: 0, count: count)
        var index = Sound.samples(seconds: random.nextUnit() * pauseSeconds.upperBound)
        while index < count {
            let length = Sound.samples(seconds: random.next(in: openSeconds))
            let opening = Float((1 - 0.45 * dirt) * (1 - 0.4 * voltage)) * random.nextLevel(within: 1.5)
            strikes.append((index, opening))
            strikes.append((index + length, closing * Float(1 - 0.4 * dirt) * random.nextLevel(within: 1.5)))
            if dirt > 0 { strikes.append((index + Int(rise), Float(0.4 + 0.6 * dirt))) }
            if voltage > 0 {
                for chatter in stride(from: 0, to: length, by: Sound.sampleRateHz / 100) {
                    strikes.append((index + chatter, Float(0.05 + 0.25 * voltage)))
                }
            }
            for offset in 0..<min(length, count - index) {
                stream[index + offset] = Float(Double(offset) / (Double(offset) + rise))
                current[index + offset] = 1
            }
            index += length + Sound.samples(seconds: random.next(in: pauseSeconds))
        }
        sound.addImpacts(strikes, ringing: seat, level: 2)
        sound.addJet(
            peakHz: jetHz,
            level: 0.5 * Float(1 - 0.75 * condition.severity(of: .clogging)) * random.nextLevel(within: 1.5),
            envelope: stream, random: &random)
        if condition.fault == .leak {
            sound.addJet(peakHz: jetHz * 1.15, level: Float(0.005 + 0.03 * condition.severity), random: &random)
        }
        var hum = Sound(seconds: seconds)
        hum.addHum(humLevels.scaled(by: 0.08 * random.nextLevel(within: 1)), random: &random)
        sound.add(hum.samples, level: 1, envelope: current)
        return sound
    }
}
