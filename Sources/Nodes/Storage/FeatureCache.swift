internal import CSupport
internal import Glibc
package import Plant
internal import Training

/// Decoded clips on this host's disk, shared by its workers: a recording is decoded once, not at every step.
///
/// A file per entry, named by its key: float32, then the CRC-32C of the bytes. It is written under another name and
/// renamed, so that a reader sees all of it or nothing. When the directory has outgrown its bound the oldest files go.
/// Everything here can be deleted at any time.
package final class FeatureCache: FeatureStore {
    /// How many entries are written between two looks at the size of the directory.
    private static let sweepInterval = 64
    private static let checksumBytes = MemoryLayout<UInt32>.size

    private let directory: String
    private let byteLimit: Int64
    private var untilSweep = 0
    /// The disk takes nothing; entries are computed each time until it does.
    private var isFull = false

    /// - Parameter directory: made where it is missing.
    package init(directory: String, byteLimit: Int64) throws {
        self.directory = directory
        self.byteLimit = byteLimit
        if mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw FeatureCacheError("cannot create the cache \(directory): \(String(cString: strerror(errno)))")
        }
    }

    package func find(_ key: ContentHash) -> [Float]? {
        let file = open(path(key), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return nil }
        let byteCount = Int(status.st_size) - Self.checksumBytes
        guard byteCount >= 0, byteCount % MemoryLayout<Float>.size == 0 else { return nil }
        var checksum: UInt32 = 0
        var isWhole = false
        let values = [Float](unsafeUninitializedCapacity: byteCount / MemoryLayout<Float>.size) { values, count in
            let bytes = UnsafeMutableRawBufferPointer(values)
            isWhole =
                Self.fill(bytes, from: file) && withUnsafeMutableBytes(of: &checksum) { Self.fill($0, from: file) }
            isWhole = isWhole && auscult_crc32c(0, bytes.baseAddress, bytes.count) == UInt32(littleEndian: checksum)
            count = isWhole ? values.count : 0
        }
        return isWhole ? values : nil
    }

    package func has(_ key: ContentHash) -> Bool { access(path(key), R_OK) == 0 }

    package func keep(_ key: ContentHash, _ values: [Float]) {
        if untilSweep == 0 {
            sweep()
            untilSweep = Self.sweepInterval
        }
        untilSweep -= 1
        guard !isFull else { return }
        let temporary = "\(path(key)).\(getpid())"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return }
        let isWritten = values.withUnsafeBytes { bytes in
            var checksum = auscult_crc32c(0, bytes.baseAddress, bytes.count).littleEndian
            return Self.write(bytes, to: file) && withUnsafeBytes(of: &checksum) { Self.write($0, to: file) }
        }
        close(file)
        if !isWritten || rename(temporary, path(key)) != 0 {
            unlink(temporary)
            isFull = true
        }
    }

    private func path(_ key: ContentHash) -> String { "\(directory)/\(key)" }

    /// Deletes the oldest files until the directory is a tenth below its bound.
    private func sweep() {
        isFull = false
        guard let listing = opendir(directory) else { return }
        defer { closedir(listing) }
        var files: [(path: String, bytes: Int64, age: Int)] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            var status = stat()
            guard !name.hasPrefix("."), stat("\(directory)/\(name)", &status) == 0 else { continue }
            files.append(("\(directory)/\(name)", Int64(status.st_size), status.st_mtim.tv_sec))
        }
        var total = files.reduce(0) { $0 + $1.bytes }
        guard total > byteLimit else { return }
        for file in files.sorted(by: { $0.age < $1.age }) where total > byteLimit / 10 * 9 {
            if unlink(file.path) == 0 { total -= file.bytes }
        }
    }

    private static func fill(_ bytes: UnsafeMutableRawBufferPointer, from file: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = read(file, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(file, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}

struct FeatureCacheError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
