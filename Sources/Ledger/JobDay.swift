/// A day that jobs are filed under: the upper half of their numbers, which so grow whatever the calendar does.
///
/// The schema's function `next_day` says the same in SQL.
package struct JobDay: Hashable, Sendable {
    /// Days since 1970 while the calendar goes forwards.
    package var number: Int
    /// What the calendar of UTC said when the day began, in days since 1970.
    package var calendar: Int

    package init(number: Int, calendar: Int) {
        (self.number, self.calendar) = (number, calendar)
    }

    /// The first job filed under this day is the one after.
    package var base: Int64 { Int64(number) << 32 }

    /// The day to file under today. The calendar may be a day behind, as after it was set right around midnight; when it
    /// is set back further, a new day begins all the same, under the next number.
    package static func next(after newest: JobDay?, today: Int) -> JobDay {
        let number = min(max(today, 1), 2_567_655)
        guard let newest, number <= newest.number else { return JobDay(number: number, calendar: today) }
        guard !(newest.calendar - 1...newest.calendar).contains(today) else { return newest }
        return JobDay(number: newest.number + 1, calendar: today)
    }
}
