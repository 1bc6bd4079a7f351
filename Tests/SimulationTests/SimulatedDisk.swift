import Plant
import TestSupport

/// The segments that the brokers share. What was not synced when its writer died survives up to some record; that one may
/// be torn, and those behind it are lost.
struct SimulatedDisk {
    private struct Record {
        /// A number that stands for the bytes; nil for a torn record.
        var content: Int?
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

    /// A process begins to write: behind the last whole record of the last segment, or in a segment of its own while
    /// another process makes that one grow.
    ///
    /// - Parameter ignoresOthers: the guard is broken.
    mutating func open(_ process: Int, ignoresOthers: Bool = false) {
        let last = segments.keys.max() ?? 0
        guard last > 0, ignoresOthers || !cursors.values.contains(where: { $0.segment == last }) else {
            segments[last + 1] = [:]
            cursors[process] = Cursor(segment: last + 1, end: 0)
            return
        }
        var end: Int64 = 0
        while segments[last]?[end]?.content != nil {
            segments[last]?[end]?.isSynced = true
            end += 1
        }
        segments[last] = segments[last]?.filter { $0.key < end }
        cursors[process] = Cursor(segment: last, end: end)
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
            segments[segment]?[offset] = index == whole && .random(using: &dice) ? Record(content: nil) : nil
        }
    }

    func read(_ location: SegmentLocation) -> Int? { segments[location.segment]?[location.offset]?.content }

    func isDurable(_ location: SegmentLocation) -> Bool {
        segments[location.segment]?[location.offset]?.isSynced == true
    }
}
