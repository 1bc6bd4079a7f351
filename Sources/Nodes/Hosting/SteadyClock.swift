internal import Glibc

/// Time that never jumps, for deadlines; and the calendar's time, for rows that people read.
package enum SteadyClock {
    /// Milliseconds since some fixed moment of this host.
    package static var milliseconds: Int64 { nanoseconds(CLOCK_MONOTONIC) / 1_000_000 }

    /// The same in microseconds.
    package static var microseconds: Int64 { nanoseconds(CLOCK_MONOTONIC) / 1_000 }

    /// Microseconds since 1970-01-01T00:00:00Z.
    package static var calendarMicroseconds: Int64 { nanoseconds(CLOCK_REALTIME) / 1_000 }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
