internal import Datasets
internal import Files
internal import Glibc
package import Messaging
internal import Plant
internal import Training
internal import Wire

/// The taking half of a gateway: from the watched folder into the outbox. Belongs to one thread.
///
/// A file that has settled, and that nobody writes any more, is first moved out of the folder and then worked on: what a
/// recorder puts under its name meanwhile is another file. What cannot be taken stays where it is, is told once, and is
/// tried again after a while or when it looks otherwise; the others go on.
package final class GatewayIntake {
    /// How often the folder is looked through; less often where that takes long.
    private static let lookMilliseconds: Int64 = 250
    /// When a file that could not be taken is tried again.
    private static let retryMilliseconds: Int64 = 60_000
    /// For how long an unchanged file may be held open before that is worth a word.
    private static let heldMilliseconds: Int64 = 60_000

    private let preparation: ClipPreparation
    private let watched: FilePath
    private let outbox: ClipOutbox
    private let stopping: WakeSignal
    private let report: @Sendable (GatewayNode.Report) -> Void
    private let trouble: @Sendable (String, Bool) -> Void
    private let excluded: Set<FileLook.Identity>
    private var claimed: ClaimedFiles
    private var settled: SettledFiles
    private var decoder = ClipDecoder(sampleRateHz: 16_000)
    /// Files that could not be taken, why, and when to try again.
    private var failed: [FileLook: (reason: String, until: Int64)] = [:]
    /// What was wrong at the last look, files aside.
    private var told: Set<String> = []

    package init(
        _ configuration: GatewayNode.Configuration, _ outbox: ClipOutbox, _ stopping: WakeSignal,
        _ report: @escaping @Sendable (GatewayNode.Report) -> Void,
        _ trouble: @escaping @Sendable (String, Bool) -> Void
    ) throws {
        preparation = configuration.preparation
        watched = FilePath(configuration.watched)
        guard try FileLook(watched, followingLinks: true).kind == .folder else {
            throw FileTrouble(.notRegular, watched, "is no folder to watch")
        }
        claimed = try ClaimedFiles(outbox.taken)
        settled = SettledFiles(milliseconds: configuration.settleMilliseconds)
        let own = try FileLook(FilePath(configuration.outbox), followingLinks: true).identity
        for folder in [watched] + watched.parents where try FileLook(folder, followingLinks: true).identity == own {
            throw FileTrouble(.failed, watched, "lies in the outbox; watch a folder outside of it")
        }
        excluded = [own]
        (self.outbox, self.stopping, self.report, self.trouble) = (outbox, stopping, report, trouble)
    }

    /// Takes files in until told to stop; calls `stored` after each one.
    func run(stored: () -> Void) throws {
        while true {
            let begin = SteadyClock.milliseconds
            // What was moved can be worked on at once.
            if look(now: begin, stored), !isStopping(waiting: 0) { continue }
            let pause = max(Self.lookMilliseconds, 4 * (SteadyClock.milliseconds - begin))
            if isStopping(waiting: Int32(clamping: pause)) { return }
        }
    }

    /// Blocks until time is up or it is time to stop.
    private func isStopping(waiting milliseconds: Int32) -> Bool {
        var request = pollfd(fd: stopping.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&request, 1, milliseconds)
        return request.revents != 0
    }

    /// Looks once at all there is; returns whether a file was moved out of the folder.
    ///
    /// - Parameter now: milliseconds of a clock that never jumps.
    package func look(now: Int64, _ stored: () -> Void) -> Bool {
        var hasMoved = false
        let walk = FolderWalk(watched, links: .refused, excluding: excluded)
        let files = walk.files + claimed.files()
        var troubles = Set(walk.troubles.map(\.description))
        let looks = Set(files.map(\.look))
        failed = failed.filter { looks.contains($0.key) }
        for file in settled.settled(among: files, now: now) where now >= failed[file.look]?.until ?? 0 {
            if isStopping(waiting: 0) { break }
            do {
                if try advance(file, now: now, stored) { hasMoved = true }
                failed[file.look] = nil
            } catch let error as FileError {
                // The outbox is at fault, and the next file would fare no better.
                troubles.insert(error.description)
                break
            } catch {
                let reason = "\(error)"
                if failed[file.look]?.reason != reason { trouble("\(reason); the file stays where it is", false) }
                failed[file.look] = (reason, now + Self.retryMilliseconds)
            }
        }
        for sentence in troubles.subtracting(told).sorted() { trouble(sentence, false) }
        told = troubles
        return hasMoved
    }

    /// Brings a finished file a step further: out of the folder, which makes this true, then into the outbox.
    private func advance(_ file: FolderWalk.File, now: Int64, _ stored: () -> Void) throws -> Bool {
        do throws(FileTrouble) {
            let open = try ForeignFile(file.path, followingLinks: false)
            guard try open.look() == file.look else { return false }
            guard !open.hasWriter else {
                guard settled.millisecondsUnchanged(file, now: now) < Self.heldMilliseconds else {
                    throw FileTrouble(.failed, file.path, "is held open for writing by another program")
                }
                return false
            }
        } catch {
            if error.code == .absent { return false }
            throw error
        }
        guard let origin = claimed.origin(of: file) else {
            do {
                try claimed.claim(file)
                return true
            } catch let error as FileTrouble where error.code == .absent && error.path == file.path {
                return false
            }
        }
        try take(file, from: watched.appending(origin), stored)
        return false
    }

    /// Puts a file that is ours alone into the outbox, or aside with the reason.
    private func take(_ file: FolderWalk.File, from origin: FilePath, _ stored: () -> Void) throws {
        let found = try ClipFile(file.path, origin: origin, format: file.format, changedAt: file.look.changedAt)
        let prepared = try prepare(found)
        // Who held it open all the time may have written on; it settles again then.
        guard try FileLook(file.path, followingLinks: false) == file.look else { return }
        switch prepared {
        case .success((let clip, let bytes)):
            try outbox.store(clip, bytes: bytes)
            stored()
        case .failure(let error):
            try outbox.reject(file.path, error)
            report(.init(source: origin, key: nil, ending: .rejected(error)))
        }
        try claimed.release(file)
    }

    /// The clip and its bytes, or why they are none; throws where they cannot be read now.
    private func prepare(_ file: ClipFile) throws -> Result<(OutgoingClip, [UInt8]), WireError> {
        let bytes: [UInt8]
        do throws(FileTrouble) {
            bytes = try ForeignFile(file.path, followingLinks: false).bytes()
        } catch {
            guard error.code == .tooLarge else { throw error }
            return .failure(WireError(.tooLong, "\(file.origin): \(error.reason)"))
        }
        do throws(WireError) {
            return .success((try preparation.clip(of: file, bytes, &decoder), bytes))
        } catch {
            return .failure(error)
        }
    }
}
