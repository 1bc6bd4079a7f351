internal import FoundationEssentials
internal import Plant
internal import Synchronization
package import Wire

/// The clips that a gateway has taken and no broker has accepted yet: a folder that outlives every process.
///
/// A clip is two files: `NUMBER.clip` with its bytes, and `NUMBER.json` which describes it and is renamed into place when
/// the bytes are on disk; what has a description is whole. Numbers grow, so that the first by name is the oldest.
/// `rejected/` keeps what was refused, with the reason beside it. Every method may be called from any thread.
package final class ClipOutbox: Sendable {
    /// A clip with its place in line.
    package struct Item: Sendable {
        package let number: Int64
        package let clip: OutgoingClip
        /// The file it was taken from.
        package let source: String
    }

    private let folder: DurableFolder
    private let rejected: DurableFolder
    private let lastNumber: Mutex<Int64>

    /// Opens the outbox in a folder, which is made if need be, and throws away what a crash left half written.
    package init(_ path: String) throws {
        folder = try DurableFolder(path)
        rejected = try DurableFolder("\(path)/rejected")
        let names = try folder.names()
        let described = Set(names.filter { $0.hasSuffix(".json") }.compactMap(Self.number))
        for name in names where name.hasSuffix(".clip") {
            if let number = Self.number(name), !described.contains(number) { try folder.remove(name) }
        }
        let refused = try rejected.names().compactMap(Self.number)
        lastNumber = Mutex(max(described.max() ?? 0, refused.max() ?? 0))
    }

    /// Takes a clip in; when this returns it is safe here, and its file may go.
    package func store(_ clip: OutgoingClip, bytes: [UInt8]) throws {
        let number = nextNumber()
        try folder.write(bytes, as: Self.name(number, "clip"))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try folder.write([UInt8](try encoder.encode(Description(clip))), as: Self.name(number, "json"))
    }

    /// The clips after a number, oldest first.
    package func items(after number: Int64, limit: Int) throws -> [Item] {
        let numbers = try folder.names().filter { $0.hasSuffix(".json") }.compactMap(Self.number)
        return try numbers.filter { $0 > number }.prefix(limit).map { number in
            let path = "\(folder.path)/\(Self.name(number, "json"))"
            let description = try JSONDecoder().decode(Description.self, from: Data(contentsOf: URL(filePath: path)))
            guard let clip = description.clip(at: "\(folder.path)/\(Self.name(number, "clip"))") else {
                throw FolderError(sentence: "\(path) does not describe a clip; move it away")
            }
            return Item(number: number, clip: clip, source: description.source)
        }
    }

    /// The broker has the clip: forgets it.
    package func remove(_ number: Int64) throws {
        try folder.remove(Self.name(number, "json"))
        try folder.remove(Self.name(number, "clip"))
    }

    /// The broker does not want the clip: puts it aside with the reason.
    package func reject(_ item: Item, _ error: WireError) throws {
        let name = "\(Self.digits(item.number)).\(item.clip.name)"
        try rejected.write(Array("\(error.description)\n".utf8), as: "\(name).reason.txt")
        try folder.move(Self.name(item.number, "clip"), to: rejected, as: name)
        try folder.remove(Self.name(item.number, "json"))
    }

    /// Puts a file aside that cannot be a clip.
    package func reject(_ bytes: [UInt8], named file: String, _ error: WireError) throws {
        let name = "\(Self.digits(nextNumber())).\(file)"
        try rejected.write(Array("\(error.description)\n".utf8), as: "\(name).reason.txt")
        try rejected.write(bytes, as: name)
    }

    private func nextNumber() -> Int64 {
        lastNumber.withLock { last in
            last += 1
            return last
        }
    }

    private static func name(_ number: Int64, _ suffix: String) -> String { "\(digits(number)).\(suffix)" }

    private static func digits(_ number: Int64) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 12 - text.count)) + text
    }

    private static func number(_ name: String) -> Int64? { name.split(separator: ".").first.flatMap { Int64($0) } }
}

/// What `NUMBER.json` says.
private struct Description: Codable {
    let source: String
    let name: String
    let machine: String
    let site: String
    let key: String
    let recordedAtMicroseconds: Int64
    let sha256: String
    let byteCount: Int
    let format: String
    let channel: Int
    let feature: Feature?

    struct Feature: Codable {
        let sampleRateHz: Int
        let fftLength: Int
        let hopLength: Int
        let melBands: Int
        let reflectPadding: Bool
    }

    init(_ clip: OutgoingClip) {
        source = clip.path
        name = clip.name
        machine = clip.machine.description
        site = clip.site
        key = clip.key
        recordedAtMicroseconds = clip.recordedAt
        sha256 = clip.sha256.description
        byteCount = clip.byteCount
        format = clip.format.rawValue
        channel = clip.channel
        feature = clip.feature.map {
            Feature(
                sampleRateHz: $0.sampleRateHz, fftLength: $0.fftLength, hopLength: $0.hopLength, melBands: $0.melBands,
                reflectPadding: $0.reflectPadding)
        }
    }

    /// Nil when a value is none of ours.
    func clip(at path: String) -> OutgoingClip? {
        guard let machine = MachineName(machine), let sha256 = ContentHash(hexadecimal: sha256),
            let format = ClipRecord.Format(rawValue: format)
        else { return nil }
        return OutgoingClip(
            path: path, name: name, machine: machine, site: site, key: key, recordedAt: recordedAtMicroseconds,
            sha256: sha256, byteCount: byteCount, format: format, channel: channel,
            feature: feature.map {
                FeatureRecord(
                    sampleRateHz: $0.sampleRateHz, fftLength: $0.fftLength, hopLength: $0.hopLength,
                    melBands: $0.melBands, reflectPadding: $0.reflectPadding)
            })
    }
}
