/// Bytes in the broker's segment store.
package struct SegmentLocation: Hashable, Sendable {
    package var segment: Int64
    package var offset: Int64
    /// Bytes of the payload.
    package var length: Int64

    package init(segment: Int64, offset: Int64, length: Int64) {
        (self.segment, self.offset, self.length) = (segment, offset, length)
    }

    /// Of bytes that have arrived and are not in the store yet.
    package static func unstored(length: Int64) -> SegmentLocation {
        SegmentLocation(segment: -1, offset: -1, length: length)
    }
}

/// How far rows reach into the segment files.
package struct SegmentReach: Hashable, Sendable {
    /// The last segment that a row names, 0 where none does.
    package var lastSegment: Int64
    /// Where the last payload of the segment in question lies; nil where no row names it.
    package var lastLocation: SegmentLocation?

    package init(lastSegment: Int64 = 0, lastLocation: SegmentLocation? = nil) {
        (self.lastSegment, self.lastLocation) = (lastSegment, lastLocation)
    }
}
