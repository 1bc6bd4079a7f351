package import Datasets
internal import FoundationEssentials
internal import Messaging
package import Plant
internal import SwiftProtobuf
internal import Synchronization
internal import Wire

/// Brings the clips of a folder to the broker's disk: reads, checks and sends each, several at once.
///
/// A clip travels by its hash, so one that is there already costs nothing but its reading. A clip that cannot be decoded
/// or that only records a sensor's fault is named with its reason, and the rest goes on.
package struct DatasetImport: Sendable {
    /// What became of one file.
    package enum Outcome: Sendable {
        case stored(DatasetClip)
        /// The file is at fault; the sentence names it.
        case rejected(path: String, reason: String)
    }

    private static let threads = 4
    private static let putTimeout = Duration.seconds(60)

    private let folder: DatasetFolder
    private let channel: Int
    private let link: PeerLink

    /// - Parameters:
    ///   - channel: which one of recordings with several is the machine's, from 0.
    ///   - link: of an operator.
    package init(_ folder: DatasetFolder, channel: Int, link: PeerLink) {
        self.folder = folder
        self.channel = channel
        self.link = link
    }

    /// What the threads share.
    private final class Work: Sendable {
        let next = Atomic(0)
        let outcomes: Mutex<[Outcome?]>
        let failure = Mutex<(any Error)?>(nil)

        init(count: Int) { outcomes = Mutex(Array(repeating: nil, count: count)) }
    }

    /// Imports every file of the folder and returns what became of each, in the folder's order.
    ///
    /// - Parameter progress: called with the number of files that are done, on any of the threads.
    /// - Throws: when the broker cannot be reached or has no room.
    package func run(progress: @escaping @Sendable (Int) -> Void) throws -> [Outcome] {
        let work = Work(count: folder.entries.count)
        let threads = try (0..<Self.threads).map { number in
            try NodeThread.start("import \(number)") { ((), { try serve(work, progress: progress) }) }.0
        }
        var failure: (any Error)?
        for thread in threads {
            do { try thread.join() } catch { failure = error }
        }
        if let failure { throw failure }
        return work.outcomes.withLock { $0.compactMap { $0 } }
    }

    private func serve(_ work: Work, progress: @Sendable (Int) -> Void) throws {
        var reader = DatasetReader(folder)
        while true {
            let index = work.next.add(1, ordering: .relaxed).oldValue
            guard index < folder.entries.count else { return }
            let outcome = try bring(folder.entries[index], &reader)
            let done = work.outcomes.withLock { outcomes in
                outcomes[index] = outcome
                return outcomes.count { $0 != nil }
            }
            progress(done)
        }
    }

    private func bring(_ entry: DatasetFolder.Entry, _ reader: inout DatasetReader) throws -> Outcome {
        let (clip, bytes): (DatasetClip, [UInt8])
        do throws(DatasetError) {
            (clip, bytes) = try reader.read(entry, channel: channel)
        } catch {
            return .rejected(path: entry.path, reason: error.description)
        }
        let put = WireMessage.put(
            .with {
                $0.sha256 = Data(clip.sha256.bytes)
                $0.length = UInt64(bytes.count)
                $0.durable = true
            })
        do throws(PeerError) {
            _ = try link.request(put, payload: Frame.payload(bytes), timeout: Self.putTimeout)
        } catch  where error.code == .refused(.unsendable) || error.code == .refused(.tooLarge) {
            return .rejected(path: entry.path, reason: "\(entry.path): \(error.description)")
        } catch {
            throw PeerError(error.code, "\(entry.path) was not stored: \(error.description)")
        }
        return .stored(clip)
    }
}
