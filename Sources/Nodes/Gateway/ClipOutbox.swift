internal import Datasets
internal import Files
internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import Plant
internal import Synchronization
package import Wire

/// The clips that a gateway has taken and no broker has accepted yet: a folder that outlives every process.
///
/// A clip is two files: `NUMBER.clip` with its bytes, and `NUMBER.json` which describes it, is proved by a hash of its own,
/// and is renamed into place when the bytes are on disk; what has a description is whole. Numbers have twelve digits and
/// grow, so that the first by name is the oldest; files of other names are strangers and left alone. `rejected/` keeps
/// what was refused or damaged, with the reason beside it; `.taken/` holds files on their way here. Every method may be
/// called from any thread.
package final class ClipOutbox: Sendable {
    /// A clip with its place in line.
    package struct Item: Sendable {
        package let number: Int64
        package let clip: OutgoingClip
    }

    /// What stands at a place in line.
    package enum Entry: Sendable {
        case clip(Item)
        /// Nobody can say any more what it was.
        case damaged(number: Int64, path: String, WireError)

        package var number: Int64 {
            switch self {
            case .clip(let item): item.number
            case .damaged(let number, _, _): number
            }
        }
    }

    /// Where files lie that were taken and not stored yet.
    let taken: FilePath

    private let folder: Folder
    private let rejected: Folder
    private let lastNumber: Mutex<Int64>

    /// Opens the outbox in a folder, which is made if need be; only one process may hold it.
    ///
    /// What a crash left half written is thrown away; a clip whose description is gone is put aside.
    package init(_ path: String) throws {
        folder = try Folder(path)
        guard try folder.lock() else { throw FileError(sentence: "another process uses \(path)") }
        rejected = try folder.folder("rejected")
        taken = FilePath(try folder.folder(".taken").path)
        for folder in [folder, rejected] {
            for name in try folder.names() where name.hasPrefix(".") && name.hasSuffix(".part") {
                try folder.remove(name)
            }
        }
        let names = try folder.names()
        let clips = Set(names.compactMap { Self.number($0, "clip") })
        let described = Set(names.compactMap { Self.number($0, "json") })
        let refused = try rejected.names().compactMap { Self.number(String($0.prefix(Self.digits))) }
        lastNumber = Mutex(clips.union(described).union(refused).max() ?? 0)
        let strangers = names.filter { name in
            !["rejected", ".taken"].contains(name) && Self.number(name, "clip") == nil
                && Self.number(name, "json") == nil
        }
        if !strangers.isEmpty {
            let listed = strangers.prefix(10).map(\.debugDescription).joined(separator: ", ")
            Logger(label: "auscult.gateway").warning(
                "\(path) holds \(strangers.count) files that are not the outbox's; left alone: \(listed)")
        }
        for number in clips.subtracting(described).sorted() {
            let error = WireError(
                .damaged,
                "\(path)/\(Self.name(number, "clip")): nothing describes this clip any more; where its file is "
                    + "not in the watched folder, put it there again")
            try setAside(number, named: "clip", error)
        }
    }

    /// Takes a clip in; when this returns it is safe here, and its file may go.
    package func store(_ clip: OutgoingClip, bytes: [UInt8]) throws {
        let number = try nextNumber()
        try folder.write(bytes, as: Self.name(number, "clip"))
        try folder.write(try ClipDescription(clip).sealed(), as: Self.name(number, "json"))
    }

    /// What comes after a number, oldest first.
    package func entries(after number: Int64, limit: Int) throws -> [Entry] {
        let numbers = try folder.names().compactMap { Self.number($0, "json") }
        return try numbers.filter { $0 > number }.sorted().prefix(limit).map { number in
            let name = Self.name(number, "json")
            let bytes = try folder.open(name, .read).contents(limit: 1 << 20)
            let path = "\(folder.path)/\(name)"
            guard let description = ClipDescription(sealed: bytes),
                let clip = description.clip(at: FilePath("\(folder.path)/\(Self.name(number, "clip"))"))
            else {
                let error = WireError(
                    .damaged, "\(path) is damaged: whose clip it describes is not known any more; push the file again")
                return .damaged(number: number, path: path, error)
            }
            return .clip(Item(number: number, clip: clip))
        }
    }

    /// The broker has the clip: forgets it.
    package func remove(_ number: Int64) throws {
        try folder.remove(Self.name(number, "json"))
        try folder.remove(Self.name(number, "clip"))
    }

    /// The broker does not want the clip, or its bytes are damaged: puts it aside with the reason.
    package func reject(_ item: Item, _ error: WireError) throws {
        try setAside(item.number, named: item.clip.name, error)
    }

    /// Puts aside with the reason what is still there of a clip.
    package func setAside(_ number: Int64, named file: String, _ error: WireError) throws {
        let name = Self.name(number, aside: file)
        try rejected.write(Array("\(error.description)\n".utf8), as: "\(name).reason.txt")
        for (own, other) in [("clip", name), ("json", "\(name).json")]
        where folder.glance(at: Self.name(number, own)) != nil {
            try folder.rename(Self.name(number, own), to: other, in: rejected)
        }
        try rejected.synchronise()
    }

    /// Puts a file aside that cannot be a clip.
    ///
    /// - Parameter file: lies in `taken`.
    func reject(_ file: FilePath, _ error: WireError) throws {
        let name = Self.name(try nextNumber(), aside: file.name.description)
        try rejected.write(Array("\(error.description)\n".utf8), as: "\(name).reason.txt")
        guard file.withCString({ rename($0, "\(rejected.path)/\(name)") }) == 0 else {
            throw FileError("put \(file) aside")
        }
        try rejected.synchronise()
    }

    // MARK: numbers

    private static let digits = 12
    private static let numbers: ClosedRange<Int64> = 1...999_999_999_999

    private func nextNumber() throws -> Int64 {
        try lastNumber.withLock { last in
            guard last < Self.numbers.upperBound else {
                throw FileError(
                    sentence: "\(folder.path) has used its last number: empty it, rejected/ as well, and start again")
            }
            last += 1
            return last
        }
    }

    private static func name(_ number: Int64, _ suffix: String) -> String { "\(text(number)).\(suffix)" }

    /// Of a long name the end is kept: what fits beside the number and leaves room for the name of the reason.
    private static func name(_ number: Int64, aside file: String) -> String {
        var kept = file[...]
        while kept.utf8.count > 200 { kept = kept.dropFirst() }
        return "\(text(number)).\(kept)"
    }

    private static func text(_ number: Int64) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Nil for any name that we do not give.
    private static func number(_ name: String, _ suffix: String) -> Int64? {
        name.hasSuffix(".\(suffix)") ? number(String(name.dropLast(suffix.count + 1))) : nil
    }

    private static func number(_ digits: String) -> Int64? {
        Int64(digits).flatMap { numbers.contains($0) && text($0) == digits ? $0 : nil }
    }
}
