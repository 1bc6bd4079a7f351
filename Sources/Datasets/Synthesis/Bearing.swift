internal import Tensors

/// A rolling bearing: how often a defect is struck while the shaft turns once.
///
/// Outer race BPFO = n/2·(1 − d/D·cos α), inner race BPFI = n/2·(1 + d/D·cos α), both per turn; n rolling elements of
/// diameter d on a pitch circle of diameter D under the contact angle α. A defect of the inner race turns with the shaft,
/// in and out of the load zone, so its impacts are modulated once per turn.
///
/// Source: Randall, Antoni, "Rolling element bearing diagnostics: a tutorial", 2011; McFadden, Smith, "Model for the
/// vibration produced by a single point defect in a rolling element bearing", 1984.
struct Bearing {
    let elements: Int
    /// d/D·cos α.
    let ratio: Double
    /// Of the housing, which every impact makes ring.
    let resonances: [Resonance]

    init(random: inout CounterRandom) {
        elements = 7 + random.nextIndex(below: 5)
        ratio = 0.18 + 0.12 * random.nextUnit()
        resonances = [
            Resonance(frequencyHz: 2_200 + 900 * random.nextUnit(), bandwidthHz: 160),
            Resonance(frequencyHz: 4_000 + 1_500 * random.nextUnit(), bandwidthHz: 260, decibels: -3),
        ]
    }

    var outerRaceOrder: Double { Double(elements) / 2 * (1 - ratio) }
    var innerRaceOrder: Double { Double(elements) / 2 * (1 + ratio) }
}

extension Sound {
    /// Adds the friction of a sound bearing and, where the fault is one of the bearing, its impacts.
    mutating func addBearing(
        _ bearing: Bearing, on shaft: ShaftMotion, friction: Float, condition: Condition, random: inout CounterRandom
    ) {
        addNoise(&random, through: bearing.resonances, level: friction)
        let order: Double
        let modulation: Float
        switch condition.fault {
        case .outerRace: (order, modulation) = (bearing.outerRaceOrder, 0.1)
        case .innerRace: (order, modulation) = (bearing.innerRaceOrder, 0.9)
        default: return
        }
        let strikes = shaft.strikes(order: order, slip: 0.02, modulation: modulation, random: &random)
        addImpacts(strikes, ringing: bearing.resonances, level: friction * Float(0.4 + 2.5 * condition.severity))
    }
}
