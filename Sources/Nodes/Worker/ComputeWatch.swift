internal import Glibc
internal import Messaging
internal import Plant
internal import Synchronization
package import Wire

/// Watches the compute thread, which nobody can call back from foreign bytes: whether a job goes on long after it was
/// cancelled, and whether decoding a clip costs more than a clip may.
///
/// Time is the compute thread's processor time, so that a stopped or a busy host is not held against a clip.
package final class ComputeWatch: Sendable {
    package enum Trouble: Sendable {
        /// A job that nobody wants any more does not end.
        case stuck
        /// The clip under this token is to blame.
        case tooCostly(token: UInt64, WireError)
    }

    private struct Decoding: Sendable {
        let token: UInt64
        let name: String
        let clock: clockid_t
        let startedAt: Int64
        let memory: Int
    }

    private static let look = Duration.milliseconds(50)

    private let decoding = Mutex<Decoding?>(nil)
    private let stopping: WakeSignal
    private let thread = Mutex<NodeThread?>(nil)

    package init() throws { stopping = try WakeSignal() }

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - held: asked for how long cancelled jobs have been running on.
    ///   - trouble: called once, on the watch's thread.
    package func start(_ limits: WorkerLimits, held: HeldJobsLock, trouble: @escaping @Sendable (Trouble) -> Void)
        throws
    {
        let (thread, _) = try NodeThread.start("watch") { [self] in
            (
                (),
                { [self] in
                    var poller = Poller()
                    let stop = poller.add(stopping)
                    while true {
                        try poller.wait(Self.look)
                        guard !poller.isReadable(stop) else { return }
                        if let found = look(limits, held) { return trouble(found) }
                    }
                }
            )
        }
        self.thread.withLock { $0 = thread }
    }

    package func stop() throws {
        stopping.raise()
        try thread.withLock { $0 }?.join()
    }

    // MARK: the compute thread says

    /// Decoding begins, on the calling thread.
    package func begin(_ token: UInt64, name: String) {
        var clock = clockid_t()
        guard pthread_getcpuclockid(pthread_self(), &clock) == 0 else { return }
        let begun = Decoding(
            token: token, name: name, clock: clock, startedAt: Self.microseconds(clock), memory: Self.residentBytes)
        decoding.withLock { $0 = begun }
    }

    package func end() { decoding.withLock { $0 = nil } }

    // MARK: looking

    private func look(_ limits: WorkerLimits, _ held: HeldJobsLock) -> Trouble? {
        if held.withLock({ $0.isStuck(now: SteadyClock.milliseconds, patience: limits.cancelledMilliseconds) }) {
            return .stuck
        }
        guard let decoding = decoding.withLock({ $0 }) else { return nil }
        let milliseconds = (Self.microseconds(decoding.clock) - decoding.startedAt) / 1_000
        let bytes = Self.residentBytes - decoding.memory
        // It may have ended while we measured; then it is not to blame for what came next.
        guard milliseconds > limits.decodingMilliseconds || bytes > limits.decodingBytes,
            self.decoding.withLock({ $0?.token == decoding.token && $0?.startedAt == decoding.startedAt })
        else { return nil }
        let error = WireError(
            .tooCostly,
            """
            \(decoding.name): decoding it took \(milliseconds) ms of processor time and \(bytes >> 20) MiB of memory, and \
            was ended (at most \(limits.decodingMilliseconds) ms and \(limits.decodingBytes >> 20) MiB); record it anew
            """)
        return .tooCostly(token: decoding.token, error)
    }

    private static func microseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return 0 }
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// Of this process, 0 where the system does not tell.
    private static var residentBytes: Int {
        var usage = [UInt8](repeating: 0, count: 128)
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        let count = read(file, &usage, usage.count)
        let fields = String(decoding: usage.prefix(max(count, 0)), as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}

/// What a job may cost a worker before its process is given up.
package struct WorkerLimits: Sendable {
    /// How long a job may run on after it was cancelled.
    package var cancelledMilliseconds: Int64 = 15_000
    /// Processor time that decoding one clip may take.
    package var decodingMilliseconds: Int64 = 20_000
    /// Memory that decoding one clip may take.
    package var decodingBytes = 1 << 30

    package init() {}
}
