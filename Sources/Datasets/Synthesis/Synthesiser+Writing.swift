internal import Dispatch
internal import FoundationEssentials
internal import Plant
internal import Synchronization

extension Synthesiser {
    /// Writes every clip, and `plant.csv` with the fault and its severity behind each, into a folder.
    ///
    /// Files of the same names are overwritten.
    ///
    /// - Parameters:
    ///   - folder: made where it does not exist.
    ///   - threads: at least 1.
    ///   - progress: called with the number of clips written so far, from any of the threads.
    ///
    /// Throws `.unwritable` with the first file that could not be written.
    package func write(
        to folder: String, threads: Int, progress: @Sendable (Int) -> Void = { _ in }
    ) throws(DatasetError) {
        for directory in Set(clips.map { "\(folder)/\($0.machine.type)/\($0.split.rawValue)" }).sorted() {
            do {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            } catch {
                throw DatasetError(.unwritable, path: directory, "the folder cannot be made; check your rights there")
            }
        }
        let state = Mutex((next: 0, written: 0, failure: DatasetError?.none))
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while let clip = state.withLock({ state in
                guard state.failure == nil, state.next < clips.count else { return Clip?.none }
                defer { state.next += 1 }
                return clips[state.next]
            }) {
                do throws(DatasetError) {
                    try Self.write(file(of: clip), to: "\(folder)/\(clip.path)")
                    progress(
                        state.withLock { state in
                            state.written += 1
                            return state.written
                        })
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try Self.write(Array(table.utf8), to: "\(folder)/plant.csv")
    }

    /// What is behind each clip, as comma-separated values.
    private var table: String {
        let rows = clips.map { clip in
            let severity = Double(Int(clip.severity * 1000)) / 1000
            return "\(clip.path),\(clip.machine),\(clip.split.rawValue),\(clip.faultName ?? ""),\(severity)\n"
        }
        return "path,machine,split,fault,severity\n" + rows.joined()
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(DatasetError) {
        do {
            try Data(bytes).write(to: URL(filePath: path))
        } catch {
            throw DatasetError(.unwritable, path: path, "cannot be written; check your rights and the room on the disk")
        }
    }
}
