package import Files
internal import Glibc
internal import Logging
package import Plant
internal import Training

/// Decoded clips on this host's disk, shared by its workers: a recording is decoded once, not at every step.
///
/// A file per entry, named by its key: float32, then the SHA-256 of key and bytes, so that neither a flipped bit nor the
/// entry of another clip is taken for it. It is written under another name and renamed, so that a reader sees all of it or
/// nothing. When the directory has outgrown its bound the oldest files go. Everything here can be deleted at any time.
package final class FeatureCache: FeatureStore {
    /// How many entries are written between two looks at the size of the directory.
    private static let sweepInterval = 64
    private static let hashBytes = 32

    private let folder: Folder
    private let byteLimit: Int64
    private let logger = Logger(label: "auscult.worker")
    /// Tells our unfinished files from those of other threads and processes.
    private let writer = UInt64.random(in: 0 ... .max)
    private var untilSweep = 0
    /// The disk takes nothing; entries are computed each time until it does.
    private var isFull = false

    /// - Parameter directory: made where it is missing.
    package init(directory: String, byteLimit: Int64) throws(FileError) {
        folder = try Folder(directory)
        self.byteLimit = byteLimit
    }

    package func find(_ key: ContentHash) -> [Float]? {
        do throws(FileError) {
            let file = try folder.open(key.description, .read)
            if let values = Self.values(of: key, in: try file.contents()) { return values }
            logger.warning("\(file.path) is damaged and removed; the clip is decoded again")
            try folder.remove(key.description)
        } catch {
            if !error.isMissing { logger.warning("\(error)") }
        }
        return nil
    }

    /// Nil where the bytes are not those that were kept.
    private static func values(of key: ContentHash, in bytes: [UInt8]) -> [Float]? {
        let count = (bytes.count - hashBytes) / MemoryLayout<Float>.size
        guard bytes.count >= hashBytes, hash(key, bytes.dropLast(hashBytes)).bytes[...] == bytes.suffix(hashBytes)
        else {
            return nil
        }
        return bytes.withUnsafeBytes { bytes in
            [Float](unsafeUninitializedCapacity: count) { values, initialised in
                UnsafeMutableRawBufferPointer(values).copyMemory(from: .init(rebasing: bytes.dropLast(hashBytes)))
                initialised = count
            }
        }
    }

    /// Proves that bytes are the entry's.
    private static func hash(_ key: ContentHash, _ bytes: ArraySlice<UInt8>) -> ContentHash {
        ContentHash { update in
            key.bytes.withUnsafeBytes { update($0) }
            bytes.withUnsafeBytes { update($0) }
        }
    }

    package func has(_ key: ContentHash) -> Bool { folder.glance(at: key.description) != nil }

    package func keep(_ key: ContentHash, _ values: [Float]) {
        if untilSweep == 0 {
            sweep()
            untilSweep = Self.sweepInterval
        }
        untilSweep -= 1
        guard !isFull else { return }
        let temporary = "\(key).\(writer)"
        let bytes = values.withUnsafeBytes { [UInt8]($0) }
        do throws(FileError) {
            try folder.open(temporary, .replace).write(bytes + Self.hash(key, bytes[...]).bytes)
            try folder.rename(temporary, to: key.description)
        } catch {
            logger.warning("\(error); what is decoded is not kept until the disk takes it")
            isFull = true
        }
    }

    /// Deletes the oldest files until the directory is a tenth below its bound.
    private func sweep() {
        isFull = false
        do throws(FileError) {
            let files = try folder.names().compactMap { name in folder.glance(at: name).map { (name, $0) } }
            var total = files.reduce(0) { $0 + $1.1.byteCount }
            guard total > byteLimit else { return }
            for (name, glance) in files.sorted(by: { $0.1.changedAt < $1.1.changedAt }) where total > byteLimit / 10 * 9
            {
                try folder.remove(name)
                total -= glance.byteCount
            }
        } catch {
            logger.warning("\(error)")
        }
    }
}
