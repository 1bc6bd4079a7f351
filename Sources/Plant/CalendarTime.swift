/// Times as people write them, ISO 8601, and nothing that is nearly one.
package enum CalendarTime {
    /// Microseconds since 1970-01-01T00:00:00Z of `2026-01-31T12:00:00Z`, of `2026-01-31T13:00:00.250+01:00` and of
    /// nothing else: date, time and zone are all there, a day exists, and a fraction has one to six digits.
    package static func microseconds(_ text: String) -> Int64? {
        var rest = text.utf8[...]
        guard let year = rest.number(4), rest.skip("-"), let month = rest.number(2), rest.skip("-"),
            let day = rest.number(2), rest.skip("T"), let hour = rest.number(2), rest.skip(":"),
            let minute = rest.number(2), rest.skip(":"), let second = rest.number(2),
            (1...12).contains(month), (1...length(of: month, in: year)).contains(day), hour < 24, minute < 60,
            second < 60, let fraction = rest.fraction(), let offset = rest.offset(), rest.isEmpty
        else { return nil }
        let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
        return Int64(seconds) * 1_000_000 + Int64(fraction)
    }

    private static func length(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01.
    ///
    /// Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Substring.UTF8View {
    fileprivate mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard first == UInt8(ascii: character) else { return false }
        removeFirst()
        return true
    }

    /// As many digits.
    fileprivate mutating func number(_ digits: Int) -> Int? {
        let taken = prefix(digits)
        guard taken.count == digits, taken.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        removeFirst(digits)
        return taken.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// In microseconds; 0 where there is none, nil where it is none.
    fileprivate mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        let digits = prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
        guard (1...6).contains(digits), let value = number(digits) else { return nil }
        return (digits..<6).reduce(value) { value, _ in value * 10 }
    }

    /// Minutes east of Greenwich.
    fileprivate mutating func offset() -> Int? {
        if skip("Z") { return 0 }
        let sign = first == UInt8(ascii: "-") ? -1 : 1
        guard skip("+") || skip("-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
