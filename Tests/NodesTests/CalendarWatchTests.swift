import Nodes
import Testing

@Suite struct CalendarWatchTests {
    private let second: Int64 = 1_000_000
    private let day: Int64 = 86_400_000_000
    private let start: Int64 = 1_700_000_000_000_000

    @Test func aSteadyCalendarIsTrusted() {
        var watch = CalendarWatch()
        var distrusted = 0
        for minute in Int64(0)..<3_000 {
            let now = minute * 60 * second
            // It drifts by a second a minute, and is set right by as much every hour.
            if !watch.isTrusted(start + now + minute % 60 * second, now: now) { distrusted += 1 }
        }
        #expect(distrusted == 0)
    }

    @Test(arguments: [Int64(-40), -1, 1, 365, 30_000]) func aLeapIsDistrustedForADay(days: Int64) {
        var watch = CalendarWatch()
        var verdicts = [watch.isTrusted(start, now: 0)]
        let leap = start + days * day
        for now in [second, day, day + second] { verdicts.append(watch.isTrusted(leap + now, now: now)) }
        #expect(verdicts == [true, false, false, true])
    }
}
