/// What ails a machine during one clip.
struct Condition {
    /// Nil for a healthy machine.
    var fault: Fault?
    /// 0 (a beginning) to 1 (hard to overhear).
    var severity: Double

    static let healthy = Condition(fault: nil, severity: 0)

    /// The severity where the fault is the one named, else 0.
    func severity(of fault: Fault) -> Double { self.fault == fault ? severity : 0 }
}

/// The faults that machines develop. Each kind of machine has those that it can have.
enum Fault: String, Sendable {
    /// A pit in the outer race of a bearing.
    case outerRace = "outer-race"
    /// A pit in the inner race of a bearing.
    case innerRace = "inner-race"
    /// A rotor that is heavier on one side: its force grows with the square of the speed.
    case imbalance
    /// A belt that slips: speed dips and squeals.
    case beltSlip = "belt-slip"
    /// A blocked inlet or filter: less flow, stall, and in pumps cavitation.
    case clogging
    /// A leaking seal or seat: the hiss of a jet.
    case leak
    /// A supply voltage that is too low: the motor turns slower and hums less.
    case lowVoltage = "low-voltage"
    /// A rail without grease: stick-slip friction.
    case dryRail = "dry-rail"
    /// A dent in a rail, struck in every stroke.
    case damagedRail = "damaged-rail"
    /// Dirt in a valve: it moves late, slowly and bounces.
    case contamination
}
