internal import Synchronization

/// The lock without a database: brokers of one process that were made with the same `Place` compete for it.
package final class MemoryLeaderLock: LeaderLock {
    /// Where the lock lies.
    package final class Place: Sendable {
        fileprivate let holder = Mutex<ObjectIdentifier?>(nil)

        package init() {}
    }

    private let place: Place

    package init(_ place: Place = Place()) { self.place = place }

    package func hold() throws -> Bool {
        place.holder.withLock { holder in
            holder = holder ?? ObjectIdentifier(self)
            return holder == ObjectIdentifier(self)
        }
    }

    package func release() {
        place.holder.withLock { holder in
            if holder == ObjectIdentifier(self) { holder = nil }
        }
    }
}
