import Glibc
import Messaging
import Nodes
import Synchronization
import Testing
import Wire

/// A worker's compute thread that foreign bytes keep is noticed; one that works is left alone.
@Suite struct ComputeWatchTests {
    /// What the watch says while a thread decodes, as `decode` goes about it.
    private func trouble(
        _ limits: WorkerLimits, held: HeldJobsLock = HeldJobsLock(), decode: @escaping @Sendable (WakeSignal) -> Void
    ) throws -> ComputeWatch.Trouble? {
        let watch = try ComputeWatch()
        let (ended, done) = (try WakeSignal(), try Mailbox<ComputeWatch.Trouble?>())
        try watch.start(limits, held: held) { done.post($0) }
        let (thread, _) = try NodeThread.start("decoder") {
            (
                (),
                {
                    watch.begin(7, name: "bomb.flac")
                    decode(ended)
                    watch.end()
                    done.post(nil)
                }
            )
        }
        let first = done.waitAndDrain().first
        ended.raise()
        try thread.join()
        try watch.stop()
        return first ?? nil
    }

    @Test func aClipThatTakesTooMuchProcessorTimeIsToBlame() throws {
        var limits = WorkerLimits()
        limits.decodingMilliseconds = 100
        let trouble = try trouble(limits) { ended in
            var poll = pollfd(fd: ended.descriptor, events: Int16(POLLIN), revents: 0)
            while Glibc.poll(&poll, 1, 0) == 0 {}
        }
        guard case .tooCostly(token: 7, let error)? = trouble else { return #expect(Bool(false), "\(trouble as Any)") }
        #expect(error.code == .tooCostly && error.reason.contains("bomb.flac"))
    }

    @Test func aClipThatTakesTooMuchMemoryIsToBlame() throws {
        var limits = WorkerLimits()
        limits.decodingBytes = 32 << 20
        let trouble = try trouble(limits) { ended in
            let bytes = [UInt8](repeating: 1, count: 128 << 20)
            ended.wait()
            withExtendedLifetime(bytes) {}
        }
        guard case .tooCostly(token: 7, _)? = trouble else { return #expect(Bool(false), "\(trouble as Any)") }
    }

    /// A host that is stopped, or busy with others, is not held against a clip.
    @Test func waitingIsNoWork() throws {
        var limits = WorkerLimits()
        limits.decodingMilliseconds = 100
        let trouble = try trouble(limits) { _ in poll(nil, 0, 500) }
        #expect(trouble == nil)
    }

    @Test func aCancelledJobThatGoesOnIsNoticed() throws {
        var limits = WorkerLimits()
        limits.cancelledMilliseconds = 100
        let held = HeldJobsLock()
        held.withLock { held in
            var dispatch = WireDispatch()
            dispatch.token = 7
            held.take(dispatch, payload: [])
            _ = held.begin()
            held.cancel(7, now: 0)
        }
        guard case .stuck? = try trouble(limits, held: held, decode: { $0.wait() }) else {
            return #expect(Bool(false), "nobody noticed")
        }
    }
}
