import Plant
import TestSupport

/// The segments that the brokers share. What was not synced when its writer died survives up to some record; that one may
/// be torn, and those behind it are lost. And what is synced may be damaged later.
struct SimulatedDisk {
    private struct Record {
        /// A number that stands for the bytes.
        var content: Int
        /// Nothing is torn or flipped.
        var isWhole = true
        var isSynced = false
    }

    /// Where a process appends.
    private struct Cursor {
        let segment: Int64
        var end: Int64
    }

    private var segments: [Int64: [Int64: Record]] = [:]
    private var cursors: [Int: Cursor] = [:]
    var isFull = false

    /// A process begins to write, in a segment of its own.
    ///
    /// - Parameters:
    ///   - known: the last segment that a row names.
    ///   - sabotage: a guard of the store that is broken.
    mutating func open(_ process: Int, known: Int64, sabotage: Scenario.Sabotage?) {
        let last = segments.keys.max() ?? 0
        switch sabotage {
        case .sharedSegment where last > 0:
            cursors[process] = Cursor(segment: last, end: endOfWholeRecords(in: last))
        case .cutAtDamage where last > 0 && !cursors.values.contains(where: { $0.segment == last }):
            let end = endOfWholeRecords(in: last)
            segments[last] = segments[last]?.filter { $0.key < end }
            cursors[process] = Cursor(segment: last, end: end)
        default:
            let next = max(last, known) + 1
            segments[next] = [:]
            cursors[process] = Cursor(segment: next, end: 0)
        }
    }

    private func endOfWholeRecords(in segment: Int64) -> Int64 {
        var end: Int64 = 0
        while let record = segments[segment]?[end], record.isWhole { end += 1 }
        return end
    }

    /// The process writes no more, and dies or lives on.
    mutating func close(_ process: Int) { cursors[process] = nil }

    mutating func write(_ content: Int, byteCount: Int, by process: Int) -> SegmentLocation {
        guard let cursor = cursors[process] else { preconditionFailure("process \(process) writes and has not opened") }
        segments[cursor.segment]?[cursor.end] = Record(content: content)
        cursors[process]?.end += 1
        return SegmentLocation(segment: cursor.segment, offset: cursor.end, length: Int64(byteCount))
    }

    mutating func sync(_ locations: [SegmentLocation]) {
        for location in locations { segments[location.segment]?[location.offset]?.isSynced = true }
    }

    /// Power fails under a process that writes.
    mutating func crash(_ process: Int, dice: inout SplitMix64) {
        guard let segment = cursors.removeValue(forKey: process)?.segment, let records = segments[segment] else {
            return
        }
        let open = records.filter { !$0.value.isSynced }.map(\.key).sorted()
        let whole = Int.random(in: 0...open.count, using: &dice)
        for (index, offset) in open.enumerated().dropFirst(whole) {
            segments[segment]?[offset] =
                index == whole && .random(using: &dice) ? Record(content: -1, isWhole: false) : nil
        }
    }

    /// The bytes that lie there; a store that proves nothing would take them for what it looks for.
    func bytes(at location: SegmentLocation) -> Int? { segments[location.segment]?[location.offset]?.content }

    // MARK: damage

    enum Damage: CaseIterable {
        case flip, truncation, swap, loss
    }

    /// Where bytes were harmed since they were written.
    private(set) var harmed: Set<Place> = []

    struct Place: Hashable {
        let segment: Int64
        let offset: Int64

        init(_ segment: Int64, _ offset: Int64) { (self.segment, self.offset) = (segment, offset) }
    }

    func isHarmed(_ location: SegmentLocation) -> Bool { harmed.contains(Place(location.segment, location.offset)) }

    mutating func damage(_ damage: Damage, dice: inout SplitMix64) {
        guard let segment = segments.keys.sorted().randomElement(using: &dice), let records = segments[segment],
            let victim = records.keys.sorted().randomElement(using: &dice)
        else { return }
        switch damage {
        case .flip:
            segments[segment]?[victim]?.content = -2
            segments[segment]?[victim]?.isWhole = false
            harmed.insert(Place(segment, victim))
        case .truncation:
            for offset in records.keys where offset >= victim { lose(segment, offset) }
        case .swap:
            // Both are whole, each in the other's place.
            let other = records.keys.sorted().randomElement(using: &dice) ?? victim
            guard other != victim else { return }
            segments[segment]?[victim] = records[other]
            segments[segment]?[other] = records[victim]
            harmed.formUnion([Place(segment, victim), Place(segment, other)])
        case .loss:
            for offset in records.keys { lose(segment, offset) }
            guard !cursors.values.contains(where: { $0.segment == segment }) else { return }
            segments[segment] = nil
        }
    }

    private mutating func lose(_ segment: Int64, _ offset: Int64) {
        segments[segment]?[offset] = nil
        harmed.insert(Place(segment, offset))
    }

    func isDurable(_ location: SegmentLocation) -> Bool {
        segments[location.segment]?[location.offset]?.isSynced == true
    }
}
