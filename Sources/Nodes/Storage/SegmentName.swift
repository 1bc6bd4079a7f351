/// What a segment's file is called: its number, from 1, in ten digits.
///
/// Whatever else lies beside segments is a stranger, also what merely looks like one.
struct SegmentName: Hashable {
    private static let digits = 10
    private static let suffix = ".segment"

    let number: Int64

    /// Nil for a number that does not fit.
    init?(_ number: Int64) {
        guard number > 0, String(number).count <= Self.digits else { return nil }
        self.number = number
    }

    /// Nil for any name that we do not give.
    init?(text: String) {
        guard text.hasSuffix(Self.suffix), let number = Int64(text.dropLast(Self.suffix.count)),
            let name = SegmentName(number), name.text == text
        else { return nil }
        self = name
    }

    var text: String {
        let digits = String(number)
        return String(repeating: "0", count: Self.digits - digits.count) + digits + Self.suffix
    }
}
