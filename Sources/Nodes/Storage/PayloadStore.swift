package import Messaging
package import Plant

/// Where payloads lie: appended in groups, found again by their location, removed by segments.
///
/// One suite of tests holds for all stores. A store belongs to one thread: calls block.
package protocol PayloadStore: AnyObject {
    /// Writes payloads, each given as its parts, and makes them durable together.
    ///
    /// - Throws: `.full` or `.unavailable` before anything of the group counts; `.syncFailed` when the process must end.
    func append(_ payloads: [[Frame]]) throws -> [SegmentLocation]

    /// Reads a payload back by its place and its hash, in parts of at most 1 MiB.
    ///
    /// - Throws: `.damaged` when the bytes there do not have the hash.
    func read(_ location: SegmentLocation, _ hash: ContentHash) throws -> [Frame]

    /// Segments, ascending, that are whole: nobody will add to them, and nobody has for so long.
    func segments(untouchedForSeconds seconds: Int64) throws -> [Int64]

    /// Gives up the bytes of whole segments.
    func remove(_ segments: [Int64]) throws
}
