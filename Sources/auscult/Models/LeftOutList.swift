import Plant

/// What a run had to do without, as commands tell it: the first hundred, and how many there are.
struct LeftOutList {
    private static let limit = 100

    let shown: [LeftOut]
    let count: Int

    init(_ all: [LeftOut]) { (shown, count) = (Array(all.prefix(Self.limit)), all.count) }

    /// To people, each with its reason.
    func tell() {
        for item in shown { Console.note("left out: \(item.clip ?? item.machine.description): \(item.reason)") }
        if count > shown.count { Console.note("left out: \(count - shown.count) more, see the view left_out") }
    }
}
