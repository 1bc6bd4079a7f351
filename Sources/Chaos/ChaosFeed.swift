internal import FoundationEssentials
internal import Glibc
internal import Messaging
internal import Nodes
internal import Synchronization

/// Recordings that come at a steady pace, each of its own content, into the gateways' folders by turns.
final class ChaosFeed: Sendable {
    private let shared = Shared()
    private let thread: NodeThread

    private final class Shared: Sendable {
        let count = Atomic<Int>(0)
        let isStopping = Atomic(false)
    }

    /// - Parameters:
    ///   - recordings: WAV files of 16-bit samples
    ///   - rate: recordings per second.
    init(recordings: [[UInt8]], into folders: [String], rate: Double) throws {
        precondition(!recordings.isEmpty && !folders.isEmpty && rate > 0, "nothing to feed, or nowhere")
        let shared = shared
        (thread, _) = try NodeThread.start("feed") {
            (
                (),
                {
                    let begin = SteadyClock.microseconds
                    var number = 0
                    while !shared.isStopping.load(ordering: .acquiring) {
                        while number < Int(Double(SteadyClock.microseconds - begin) * rate / 1e6) {
                            let folder = folders[number % folders.count]
                            try Self.write(Self.recording(number, of: recordings), number, into: folder)
                            number += 1
                            shared.count.store(number, ordering: .releasing)
                        }
                        poll(nil, 0, 10)
                    }
                }
            )
        }
    }

    /// Stops it; returns how many recordings there were.
    func stop() throws -> Int {
        shared.isStopping.store(true, ordering: .releasing)
        try thread.join()
        return shared.count.load(ordering: .acquiring)
    }

    /// The first samples, which nobody hears, tell the recordings apart.
    static func recording(_ number: Int, of recordings: [[UInt8]]) -> [UInt8] {
        let header = 44
        var bytes = recordings[number % recordings.count]
        for place in 0..<4 { bytes[header + 2 * place] = UInt8(truncatingIfNeeded: number >> (8 * place)) }
        return bytes
    }

    /// Written under a name that is no clip's and renamed, as recorders do.
    private static func write(_ bytes: [UInt8], _ number: Int, into folder: String) throws {
        let part = "\(folder)/\(number).part"
        try Data(bytes).write(to: URL(filePath: part))
        guard rename(part, "\(folder)/\(number).wav") == 0 else {
            throw ChaosError("cannot rename \(part): \(String(cString: strerror(errno)))")
        }
    }
}

package struct ChaosError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
