internal import FoundationEssentials
internal import PostgreSQL

/// What the ledger says after a run: it alone judges.
package struct ChaosVerdict: Encodable, Sendable {
    private let event = "verdict"
    package let seed: UInt64
    package let seconds: Int
    package let faults: Int
    package let books: ChaosBooks
    /// Scored per second while nothing went wrong before the first fault.
    package let faultFreeClipsPerSecond: Double
    /// Scored per second outside the faults' windows.
    package let outsideClipsPerSecond: Double
    package let secondsOutside: Int
    package let ratio: Double

    /// Nothing lost, nothing twice.
    package var isClean: Bool { books.lost == 0 && books.doubled == 0 }

    /// - Parameters:
    ///   - begin: seconds since 1970
    ///   - windows: from the begin of each fault to its end, seconds since 1970.
    init(
        plan: ChaosPlan, books: ChaosBooks, begin: Double, windows: [ClosedRange<Double>], _ connection: Connection
    ) throws {
        (seed, seconds, faults, self.books) = (plan.seed, Int(plan.duration / 1_000), windows.count, books)
        let rows = try connection.execute(
            """
            SELECT floor(extract(epoch FROM scored_at))::bigint, count(*)::int FROM auscult.results
            WHERE site LIKE 'chaos-%' GROUP BY 1
            """)
        let perSecond = try Dictionary(uniqueKeysWithValues: rows.map { (try $0.int(0), try $0.int(1)) })
        func rate(_ seconds: [Int]) -> Double {
            Double(seconds.reduce(0) { $0 + perSecond[$1, default: 0] }) / Double(max(seconds.count, 1))
        }
        let end = Int(begin) + Int(plan.duration / 1_000)
        // The first seconds fill the pipe.
        let calm = Array(Int(begin) + 3..<Int(begin) + Int(plan.calm / 1_000))
        let outside = (Int(begin) + Int(plan.calm / 1_000)..<end).filter { second in
            !windows.contains { Double(second) < $0.upperBound && Double(second + 1) > $0.lowerBound }
        }
        faultFreeClipsPerSecond = rate(calm)
        outsideClipsPerSecond = rate(outside)
        secondsOutside = outside.count
        ratio = outsideClipsPerSecond / max(faultFreeClipsPerSecond, 1e-9)
    }

    /// The verdict and its ratio as one JSON object.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
