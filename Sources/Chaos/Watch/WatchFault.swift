/// Something that happens to the database, the disk or the gateway while recorders go on.
package enum WatchFault: String, CaseIterable, Sendable {
    /// Another session holds the table of clips for itself.
    case lockDatabase
    /// As after a fail-over to a replica.
    case readOnlyDatabase
    /// Stopped, and started after a while.
    case restartDatabase
    case crashDatabase
    /// By days, forwards and back, while it runs.
    case jumpClock
    /// Another program takes all room of the disk that holds the clips.
    case fillDisk
    case killGateway

    /// How long it lasts, milliseconds.
    var spans: ClosedRange<Int64> {
        switch self {
        case .killGateway, .crashDatabase: 0...0
        case .lockDatabase, .jumpClock: 5_000...15_000
        case .readOnlyDatabase, .restartDatabase, .fillDisk: 4_000...10_000
        }
    }
}
