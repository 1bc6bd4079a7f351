import Plant

/// A disk whose writes are lost in a crash unless they were synced.
struct SimulatedDisk {
    private var synced: [SegmentLocation: Int] = [:]
    private var written: [SegmentLocation: Int] = [:]
    private var nextOffset: Int64 = 0
    var isFull = false

    /// - Parameter content: a number that stands for the bytes.
    mutating func write(_ content: Int, byteCount: Int) -> SegmentLocation {
        nextOffset += 1
        let location = SegmentLocation(segment: 1, offset: nextOffset, length: Int64(byteCount))
        written[location] = content
        return location
    }

    mutating func sync(_ locations: [SegmentLocation]) {
        for location in locations { synced[location] = written.removeValue(forKey: location) ?? synced[location] }
    }

    /// Power fails: of what was written and not synced nothing can be relied on.
    mutating func crash() { written = [:] }

    func read(_ location: SegmentLocation) -> Int? { synced[location] ?? written[location] }

    func isDurable(_ location: SegmentLocation) -> Bool { synced[location] != nil }
}
