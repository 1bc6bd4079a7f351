internal import FoundationEssentials
internal import Glibc
internal import Messaging
internal import Nodes
internal import Plant
internal import Synchronization

/// Recorders as they are: some write slowly, some rename, some replace what they wrote, some close twice; and other
/// programs open their files. Everything is drawn from a seed.
final class ChaosRecorder: Sendable {
    /// What was left in the folder for good, by content: how often, and whether it is sound.
    struct Fed: Sendable {
        var recordings: [ContentHash: Int] = [:]
        var others: [ContentHash: Int] = [:]
    }

    private struct Step {
        let due: Int64
        let act: () throws -> Void
    }

    private let isStopping = Atomic(false)
    private let fed = Mutex(Fed())
    private let thread: Mutex<NodeThread?> = Mutex(nil)

    /// - Parameters:
    ///   - recordings: WAV files of 16-bit samples
    ///   - rate: recordings per second.
    init(recordings: [[UInt8]], into folder: String, rate: Double, seed: UInt64) throws {
        precondition(!recordings.isEmpty && rate > 0, "nothing to record")
        let (started, _) = try NodeThread.start("recorder") { [self] in
            ((), { try self.run(recordings, into: folder, rate: rate, seed: seed) })
        }
        thread.withLock { $0 = started }
    }

    /// Lets it finish the files it is at; returns what there was.
    func stop() throws -> Fed {
        isStopping.store(true, ordering: .releasing)
        try thread.withLock { $0 }?.join()
        return fed.withLock { $0 }
    }

    private func run(_ recordings: [[UInt8]], into folder: String, rate: Double, seed: UInt64) throws {
        var dice = ChaosDice(seed: seed)
        var steps: [Step] = []
        var number = 0
        let begin = SteadyClock.milliseconds
        while true {
            let now = SteadyClock.milliseconds
            let isStopping = isStopping.load(ordering: .acquiring)
            while !isStopping, Double(number) < Double(now - begin) * rate / 1_000 {
                let bytes = ChaosFeed.recording(number, of: recordings)
                steps += plan(bytes, "\(folder)/\(number)", now: now, &dice)
                number += 1
            }
            let due = steps.filter { $0.due <= now }.sorted { $0.due < $1.due }
            steps.removeAll { $0.due <= now }
            for step in due { try step.act() }
            if isStopping, steps.isEmpty { return }
            poll(nil, 0, 10)
        }
    }

    /// How one recording comes about.
    private func plan(_ bytes: [UInt8], _ path: String, now: Int64, _ dice: inout ChaosDice) -> [Step] {
        let wave = "\(path).wav"
        func after(_ milliseconds: ClosedRange<Int64>, from: Int64) -> Int64 {
            from + Int64.random(in: milliseconds, using: &dice)
        }
        switch Int.random(in: 0..<8, using: &dice) {
        case 0:
            let pauses = (0..<3).map { _ in after(100...1_500, from: 0) }
            return slowly(bytes, wave, pauses.reduce(into: [now]) { $0.append(($0.last ?? now) + $1) })
        case 1:
            return [Step(due: now) { try self.put(bytes, wave) }]
        case 2:
            // The sizes in the header come last, after a first closing.
            return [
                Step(due: now) { try Self.write(Self.unfinished(bytes), to: wave) },
                Step(due: after(50...350, from: now)) {
                    do {
                        try Self.write(bytes.prefix(44), to: wave, flags: O_WRONLY)
                        self.note(bytes)
                    } catch {
                        // It comes too late: the file as it was had settled.
                        self.note(Self.unfinished(bytes))
                    }
                },
            ]
        case 3:
            let replaced = after(0...2_000, from: now)
            var other = bytes
            other[60] ^= 1
            return [
                Step(due: now) { [other] in try Self.move(other, to: wave, by: path) },
                Step(due: replaced) { [other] in
                    // What the gateway has taken by now counts; what is still here was never meant to stay.
                    if rename(wave, "\(path).old") == 0 { unlink("\(path).old") } else { self.note(other) }
                    try self.put(bytes, wave, by: path)
                },
            ]
        case 4:
            // Somebody else looks at it, with a right to write and an early closing.
            return slowly(bytes, wave, [now, now + 300, now + 900]) + [
                Step(due: now + 500) { close(open(wave, O_RDWR | O_CLOEXEC)) }
            ]
        case 5:
            let noise = Array("this is no sound, it is \(path)".utf8)
            return [
                Step(due: now) {
                    try Self.write(noise, to: wave)
                    self.fed.withLock { $0.others[ContentHash(of: noise), default: 0] += 1 }
                }
            ]
        case 6:
            // A stuck recorder: the same bytes, some time later.
            return [
                Step(due: now) { try self.put(bytes, wave, by: path) },
                Step(due: now + 1_200) { try self.put(bytes, "\(path)-again.wav", by: path) },
            ]
        default: return [Step(due: now) { try self.put(bytes, wave, by: path) }]
        }
    }

    /// In pieces through one descriptor, with pauses longer than files settle.
    private func slowly(_ bytes: [UInt8], _ path: String, _ moments: [Int64]) -> [Step] {
        let file = OpenRecording()
        return moments.enumerated().map { index, due in
            let (first, last) = (bytes.count * index / moments.count, bytes.count * (index + 1) / moments.count)
            return Step(due: due) {
                if index == 0 { try file.open(path) }
                try file.write(bytes[first..<last], to: path)
                if last == bytes.count {
                    file.close()
                    self.note(bytes)
                }
            }
        }
    }

    private func put(_ bytes: [UInt8], _ path: String, by part: String? = nil) throws {
        if let part { try Self.move(bytes, to: path, by: part) } else { try Self.write(bytes, to: path) }
        note(bytes)
    }

    private func note(_ bytes: [UInt8]) { fed.withLock { $0.recordings[ContentHash(of: bytes), default: 0] += 1 } }

    /// A header as it is before anybody knows how long the recording will be.
    private static func unfinished(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for place in [4, 40] { bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0, 0]) }
        return bytes
    }

    private static func move(_ bytes: [UInt8], to path: String, by part: String) throws {
        try write(bytes, to: "\(part).part")
        guard rename("\(part).part", path) == 0 else { throw failure(path) }
    }

    private static func write(
        _ bytes: some Collection<UInt8>, to path: String, flags: Int32 = O_WRONLY | O_CREAT | O_TRUNC
    ) throws {
        let file = OpenRecording()
        try file.open(path, flags: flags)
        try file.write(Array(bytes)[...], to: path)
        file.close()
    }

    fileprivate static func failure(_ path: String) -> ChaosError {
        ChaosError("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}

/// A file that a recorder has open.
private final class OpenRecording {
    private var descriptor: Int32 = -1

    func open(_ path: String, flags: Int32 = O_WRONLY | O_CREAT | O_TRUNC) throws {
        descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ChaosRecorder.failure(path) }
    }

    func write(_ bytes: ArraySlice<UInt8>, to path: String) throws {
        guard bytes.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
            throw ChaosRecorder.failure(path)
        }
    }

    func close() { Glibc.close(descriptor) }
}
