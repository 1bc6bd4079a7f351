import ArgumentParser
import Datasets
import Nodes
import Plant

/// The clips a person named: files, everything that looks like a clip below folders, and `-` for standard input.
struct ClipFiles {
    private(set) var files: [ClipFile] = []
    /// Why something at the paths is no clip.
    private(set) var troubles: [FileTrouble] = []

    /// Throws when there is nothing at all at the paths.
    init(_ paths: [FilePath]) throws {
        for path in paths {
            do throws(FileTrouble) {
                try add(path)
            } catch {
                troubles.append(error)
            }
        }
        guard !files.isEmpty || !troubles.isEmpty else {
            let names = paths.map(\.description).joined(separator: ", ")
            throw CommandFailure("no .wav, .flac or .npy file in \(names)")
        }
    }

    private mutating func add(_ path: FilePath) throws(FileTrouble) {
        let isFolder = path != .standardInput ? try FileLook(path, followingLinks: true).kind == .folder : false
        guard isFolder else {
            let input = try InputFile(path)
            return add(input.path, origin: path, input.format, changedAt: input.changedAt)
        }
        let walk = FolderWalk(path, links: .followed)
        troubles += walk.troubles
        for file in walk.files { add(file.path, origin: file.path, file.format, changedAt: file.look.changedAt) }
    }

    private mutating func add(
        _ path: FilePath, origin: FilePath, _ format: ClipRecord.Format, changedAt: Int64
    ) {
        do throws(DatasetError) {
            files.append(try ClipFile(path, origin: origin, format: format, changedAt: changedAt))
        } catch {
            troubles.append(FileTrouble(.failed, origin, error.description))
        }
    }
}
