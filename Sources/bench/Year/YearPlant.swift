import Plant

/// A year of a plant as rows: machines that are heard round the clock, with a daily rhythm, drift, faults, gaps and late
/// clips, the last month by two model versions. The same seed makes the same year.
struct YearPlant {
    static let types = ["fan", "pump", "slider", "valve"]
    static let versions = ["density-1", "density-2"]
    /// Days that the second version has heard as well.
    static let rescoredDays = 30
    private static let dayMicroseconds: Int64 = 86_400_000_000
    private static let threshold = 3.0

    let days: Int
    let machines: [MachineName]
    /// Clips of one machine in a day.
    let clipsPerDay: Double
    /// The first day, counted from 1970.
    let firstDay: Int
    /// The last clip is recorded before this; microseconds since 1970.
    private let end: Int64

    /// - Parameters:
    ///   - rows: results, roughly
    ///   - days: a year, or less for tests
    ///   - now: microseconds since 1970
    init(rows: Int, machines: Int, days: Int, now: Int64) {
        self.days = days
        self.machines = (0..<machines).compactMap { number in
            let type = Self.types[number % Self.types.count]
            let place = number / Self.types.count
            return MachineName(type: type, id: place < 10 ? "id_0\(place)" : "id_\(place)")
        }
        let heard = Double(days + Self.rescoredDays)
        clipsPerDay = max(1, Double(rows) / heard / Double(machines))
        end = now
        firstDay = Int(now / Self.dayMicroseconds) - days + 1
    }

    func site(of machine: Int) -> String { "line-\(machine % 8)" }

    /// The rows of one day, in order of time, as COPY reads them.
    ///
    /// - Returns: the columns of `columns`, and how many clips there were.
    func rows(ofDay day: Int) -> (text: [UInt8], clips: Int, results: Int) {
        var random = SplitMix(state: UInt64(day) &* 0x9E37_79B9_7F4A_7C15)
        var text: [UInt8] = []
        var (clips, results) = (0, 0)
        let age = day - firstDay
        let start = Int64(day) * Self.dayMicroseconds
        let rounds = Int(clipsPerDay.rounded(.up))
        let step = Self.dayMicroseconds / Int64(rounds)
        for round in 0..<rounds {
            for (number, machine) in machines.enumerated() {
                // A machine stands still for some hours every few weeks.
                let hour = round * 24 / rounds
                if (age &* 31 &+ number &* 17) % 23 == 0, (8..<12).contains(hour) { continue }
                let recorded = start + Int64(round) * step + Int64(number) * step / Int64(machines.count)
                guard recorded < end else { continue }
                let isLate = random.next() % 500 == 0
                let accepted = recorded + (isLate ? 10_800_000_000 : 700_000 + Int64(random.next() % 600_000))
                clips += 1
                let job = Int64(day) << 32 + Int64(clips)
                let base = 1 + 0.1 * Double(number % 7) + 0.2 * rhythm(hour) + 0.0005 * Double(age)
                // The last weeks of some machines are those of a fault that grows.
                let fault = number % 97 == 5 && age > days - 21 ? 0.08 * Double(age - days + 21) : 0
                let noise = random.gauss() * 0.35
                for version in 0..<(age >= days - Self.rescoredDays ? 2 : 1) {
                    let score = base + fault + noise + (version == 1 ? 0.05 * random.gauss() : 0)
                    let scored = accepted + 20_000 + Int64(version) * 3_600_000_000
                    guard scored < end else { continue }
                    results += 1
                    append(job, version, score, recorded, accepted, scored, number, machine, to: &text)
                }
            }
        }
        return (text, clips, results)
    }

    static let columns = """
        job, model_version, score, threshold, verdict, recorded_at, accepted_at, scored_at, queue_milliseconds, \
        compute_milliseconds, attempt, worker, site, machine_type, machine_id, name, key
        """

    private func append(
        _ job: Int64, _ version: Int, _ score: Double, _ recorded: Int64, _ accepted: Int64, _ scored: Int64,
        _ number: Int, _ machine: MachineName, to text: inout [UInt8]
    ) {
        let verdict = score > Self.threshold ? "anomalous" : "normal"
        let key = String(UInt64(bitPattern: job &* 0x2545_F491_4F6C_DD1D), radix: 16)
        text.append(
            contentsOf: """
                \(job)\t\(Self.versions[version])\t\(score)\t\(Self.threshold)\t\(verdict)\t\(time(recorded))\t\
                \(time(accepted))\t\(time(scored))\t1.5\t12.25\t1\tworker-\(job & 3)\t\(site(of: number))\t\(machine.type)\t\
                \(machine.id)\t\(verdict)_\(key).wav\t\(key)\(key)\n
                """.utf8)
    }

    /// Julian dates are what PostgreSQL reads fastest of what has microseconds.
    private func time(_ microseconds: Int64) -> String {
        let (day, rest) = microseconds.quotientAndRemainder(dividingBy: Self.dayMicroseconds)
        let seconds = rest / 1_000_000
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        let fraction = String(String(1_000_000 + rest % 1_000_000).dropFirst())
        return "J\(day + 2_440_588) \(parts.joined(separator: ":")).\(fraction)+00"
    }

    private func rhythm(_ hour: Int) -> Double { hour < 6 || hour >= 22 ? -1 : hour < 14 ? 1 : 0.3 }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Nearly normal: the sum of four uniform numbers, standardised.
    mutating func gauss() -> Double {
        let sum = (0..<4).reduce(0.0) { sum, _ in sum + Double(next() >> 11) * 0x1p-53 }
        return (sum - 2) * 1.732_050_807_568_877_2
    }
}
