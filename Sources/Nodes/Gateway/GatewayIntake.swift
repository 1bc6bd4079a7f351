internal import Datasets
internal import FoundationEssentials
internal import Glibc
internal import Messaging
internal import Plant
internal import Training
internal import Wire

/// The taking half of a gateway: from the watched folder into the outbox. Belongs to one thread.
final class GatewayIntake {
    /// How often the folder is looked through when the kernel tells nothing.
    private static let lookMilliseconds: Int32 = 500

    private let preparation: ClipPreparation
    private let folder: WatchedFolder
    private let outbox: ClipOutbox
    private let stopping: WakeSignal
    private let report: @Sendable (GatewayNode.Report) -> Void
    private let trouble: @Sendable (String, Bool) -> Void
    private var decoder = ClipDecoder(sampleRateHz: 16_000)
    /// What was said last, so that a lasting trouble is told once.
    private var lastTroubles: [String] = []

    init(
        _ configuration: GatewayNode.Configuration, _ outbox: ClipOutbox, _ stopping: WakeSignal,
        _ report: @escaping @Sendable (GatewayNode.Report) -> Void,
        _ trouble: @escaping @Sendable (String, Bool) -> Void
    ) throws {
        preparation = configuration.preparation
        folder = try WatchedFolder(configuration.watched, settleMilliseconds: configuration.settleMilliseconds)
        (self.outbox, self.stopping, self.report, self.trouble) = (outbox, stopping, report, trouble)
    }

    /// Takes files in until told to stop; calls `stored` after each one.
    func run(stored: () -> Void) throws {
        while true {
            var troubles: [String] = []
            do {
                for path in try folder.finished() {
                    if isStopping(waiting: 0) { return }
                    do { try take(path, stored) } catch { troubles.append("\(path) stays where it is: \(error)") }
                }
            } catch {
                troubles.append("\(error)")
            }
            if troubles != lastTroubles { troubles.forEach { trouble($0, false) } }
            lastTroubles = troubles
            if isStopping(waiting: Self.lookMilliseconds) { return }
        }
    }

    /// Blocks until there is something to look at, time is up, or it is time to stop.
    private func isStopping(waiting milliseconds: Int32) -> Bool {
        var polls = [stopping.descriptor, folder.descriptor].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        _ = poll(&polls, nfds_t(polls.count), milliseconds)
        return polls[0].revents != 0
    }

    private func take(_ path: String, _ stored: () -> Void) throws {
        // Another program may have taken it meanwhile.
        guard let format = ClipRecord.Format(fileName: path), FileManager.default.fileExists(atPath: path) else {
            return
        }
        let prepared: Result<(clip: OutgoingClip, bytes: [UInt8]), WireError>
        let file = try ClipFile(path, format: format)
        do throws(WireError) {
            prepared = .success(try preparation.clip(of: file, &decoder))
        } catch {
            prepared = .failure(error)
        }
        switch prepared {
        case .success((let clip, let bytes)):
            try outbox.store(clip, bytes: bytes)
            stored()
        case .failure(let error):
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            try outbox.reject(bytes, named: String(path.split(separator: "/").last ?? "clip"), error)
            report(.init(path: path, key: nil, ending: .rejected(error)))
        }
        try FileManager.default.removeItem(atPath: path)
    }
}
