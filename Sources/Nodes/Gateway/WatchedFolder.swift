internal import CSupport
internal import Datasets
internal import Files
internal import FoundationEssentials
internal import Glibc
internal import Plant

/// A folder in which recorders leave clips, and which of them are finished.
///
/// A file is finished when whoever wrote it closed it or moved it in (the kernel tells, for the folder itself), or when
/// it has not changed for `settleMilliseconds` (also below subfolders, and for files that were there before us). Names
/// that begin with a dot and files that are no clips are left alone. Belongs to one thread.
final class WatchedFolder {
    private struct Look: Equatable {
        let byteCount: Int64
        let changedAt: Int64
    }

    private let path: String
    private let settleMilliseconds: Int64
    /// Readable when a file was finished.
    let descriptor: Int32
    /// How each unfinished file looked, and since when it has looked so.
    private var looks: [String: (look: Look, since: Int64)] = [:]
    private var closed: Set<String> = []

    init(_ path: String, settleMilliseconds: Int64) throws {
        self.path = path
        self.settleMilliseconds = settleMilliseconds
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory else {
            throw FileError(sentence: "\(path): there is no such folder to watch; make it first")
        }
        descriptor = auscult_watch_finished_files(path)
        guard descriptor >= 0 else { throw FileError("watch the folder \(path)") }
    }

    deinit { close(descriptor) }

    /// Paths of the finished files, oldest first. What is still there the next time is named again.
    func finished(now: Int64 = SteadyClock.milliseconds) throws -> [String] {
        readEvents()
        var finished: [(path: String, changedAt: Int64)] = []
        var seen: [String: (look: Look, since: Int64)] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            guard ClipRecord.Format(fileName: name) != nil, !name.split(separator: "/").contains(where: isHidden),
                let look = look(at: "\(path)/\(name)")
            else { continue }
            let age = SteadyClock.calendarMicroseconds - look.changedAt
            // A file we see for the first time may have been finished long ago.
            var since = looks[name].flatMap { $0.look == look ? $0.since : nil } ?? now
            if looks[name] == nil, age > settleMilliseconds * 1_000 { since = now - settleMilliseconds }
            if closed.contains(name) || now - since >= settleMilliseconds {
                finished.append(("\(path)/\(name)", look.changedAt))
            }
            seen[name] = (look, since)
        }
        looks = seen
        closed = closed.filter { seen[$0] != nil }
        return finished.sorted { ($0.changedAt, $0.path) < ($1.changedAt, $1.path) }.map(\.path)
    }

    private func isHidden(_ part: Substring) -> Bool { part.hasPrefix(".") }

    private func look(at path: String) -> Look? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let changed = status.st_mtim
        return Look(
            byteCount: Int64(status.st_size),
            changedAt: Int64(changed.tv_sec) * 1_000_000 + Int64(changed.tv_nsec) / 1_000)
    }

    /// inotify(7): each event is four 32-bit numbers, the last being the length of the name that follows.
    private func readEvents() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            var position = 0
            while position + 16 <= count {
                let length = buffer.withUnsafeBytes {
                    Int($0.loadUnaligned(fromByteOffset: position + 12, as: UInt32.self))
                }
                let name = buffer[(position + 16)..<min(position + 16 + length, count)].prefix { $0 != 0 }
                closed.insert(String(decoding: name, as: UTF8.self))
                position += 16 + length
            }
        }
    }
}
