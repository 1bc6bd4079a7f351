internal import Datasets

/// Which files are finished: those that have looked the same for a while, by a clock that never jumps.
///
/// A file is known by what it is and not by its name, so that it may be moved meanwhile; what a file's own time says
/// never counts, for the clock of a share may be another one.
struct SettledFiles {
    private let milliseconds: Int64
    private var seen: [FileLook.Identity: (look: FileLook, since: Int64)] = [:]

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Takes note of how all files look now, and returns those that are finished, the one that was changed first ahead.
    mutating func settled(among files: [FolderWalk.File], now: Int64) -> [FolderWalk.File] {
        let before = seen
        seen = [:]
        for file in files {
            let known = before[file.look.identity].flatMap { $0.look == file.look ? $0.since : nil }
            seen[file.look.identity] = (file.look, known ?? now)
        }
        return files.filter { millisecondsUnchanged($0, now: now) >= milliseconds }
            .sorted { ($0.look.changedAt, $0.relative) < ($1.look.changedAt, $1.relative) }
    }

    /// For how long we have seen it as it is.
    func millisecondsUnchanged(_ file: FolderWalk.File, now: Int64) -> Int64 {
        seen[file.look.identity].map { now - $0.since } ?? 0
    }
}
