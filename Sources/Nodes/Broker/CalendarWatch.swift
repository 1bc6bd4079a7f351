/// Whether the calendar may be trusted with what cannot be undone.
///
/// After it was set, what has become old all at once may not be old at all: nothing is thrown away until the calendar has
/// gone as steadily as our own clock for a day, in which somebody may notice.
package struct CalendarWatch {
    /// Calendars drift and are set right a little all the time, microseconds.
    private static let tolerance: Int64 = 3_600_000_000
    private static let patience: Int64 = 86_400_000_000

    private var last: (calendar: Int64, steady: Int64)?
    private var distrustedUntil = Int64.min

    package init() {}

    /// - Parameters:
    ///   - calendar: microseconds since 1970
    ///   - now: of the steady clock, microseconds
    package mutating func isTrusted(_ calendar: Int64, now: Int64) -> Bool {
        defer { last = (calendar, now) }
        if let last {
            let leap = (calendar - last.calendar) - (now - last.steady)
            if leap.magnitude > Self.tolerance.magnitude { distrustedUntil = now + Self.patience }
        }
        return now >= distrustedUntil
    }
}
