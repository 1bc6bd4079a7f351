internal import CSupport
internal import Glibc
internal import Logging
internal import Plant

/// The changes of the steps since a training's last checkpoint, on this host's disk, so that a coordinator which comes
/// after another need not have them computed again.
///
/// One file per run; a record is appended and synced before its step is committed to the database. Losing the file, or its
/// end, loses time alone: what is not there is computed again and gives the same bits.
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 4 | magic `ASTP` |
/// | 4 | 4 | CRC-32C of all that follows |
/// | 8 | 8 | step |
/// | 16 | 8 | bytes of the change |
/// | 24 | 32 | hash of the weights after the step |
/// | 56 | - | the change, float32 |
///
/// Integers are little-endian.
final class StepJournal {
    struct Record {
        var step: Int
        var after: ContentHash
        var change: [UInt8]
    }

    private static let magic: UInt32 = 0x5054_5341
    private static let headerBytes = 56

    private let directory: String
    private let logger = Logger(label: "auscult.coordinator")
    /// Runs whose file could not be written; they go on without.
    private var given: Set<Int64> = []

    /// - Parameter directory: made where it is missing.
    init(directory: String) throws(StepJournalError) {
        self.directory = directory
        if mkdir(directory, 0o755) != 0, errno != EEXIST { throw StepJournalError("create", directory) }
    }

    private func path(_ run: Int64) -> String { "\(directory)/run-\(run).journal" }

    /// Appends a record and returns when it is on disk. A disk that takes nothing is told of once per checkpoint.
    func append(_ record: Record, of run: Int64) {
        guard !given.contains(run) else { return }
        do throws(StepJournalError) {
            try write(Self.bytes(of: record), flags: O_APPEND, to: path(run))
        } catch {
            given.insert(run)
            logger.warning(
                "run \(run): \(error.description); a restart would compute the steps since the last checkpoint again")
        }
    }

    /// Forgets the records of a run: a checkpoint holds them now, or nobody needs them any more.
    func clear(_ run: Int64) {
        given.remove(run)
        if unlink(path(run)) != 0, errno != ENOENT {
            logger.warning("run \(run): \(StepJournalError("remove", path(run)).description)")
        }
    }

    /// The records of a run in order, up to the first that is damaged or was not written to its end.
    func records(of run: Int64) -> [Record] {
        guard let bytes = read(path(run)) else { return [] }
        var records: [Record] = []
        var offset = 0
        while let record = Self.record(bytes, at: offset) {
            records.append(record)
            offset += Self.headerBytes + record.change.count
        }
        return records
    }

    // MARK: bytes

    private static func bytes(of record: Record) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: headerBytes + record.change.count)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: magic.littleEndian, as: UInt32.self)
            bytes.storeBytes(of: UInt64(record.step).littleEndian, toByteOffset: 8, as: UInt64.self)
            bytes.storeBytes(of: UInt64(record.change.count).littleEndian, toByteOffset: 16, as: UInt64.self)
            UnsafeMutableRawBufferPointer(rebasing: bytes[24..<headerBytes]).copyBytes(from: record.after.bytes)
            UnsafeMutableRawBufferPointer(rebasing: bytes[headerBytes...]).copyBytes(from: record.change)
            bytes.storeBytes(
                of: checksum(UnsafeRawBufferPointer(rebasing: bytes[8...])).littleEndian, toByteOffset: 4,
                as: UInt32.self)
        }
        return bytes
    }

    /// Nil unless a sound record begins there.
    private static func record(_ bytes: [UInt8], at offset: Int) -> Record? {
        bytes.withUnsafeBytes { all in
            guard all.count >= offset + headerBytes else { return nil }
            func integer<Value: FixedWidthInteger>(_ place: Int, _ type: Value.Type) -> Value {
                Value(littleEndian: all.loadUnaligned(fromByteOffset: offset + place, as: type))
            }
            let length = integer(16, UInt64.self)
            guard integer(0, UInt32.self) == magic, length <= UInt64(all.count - offset - headerBytes) else {
                return nil
            }
            let end = offset + headerBytes + Int(length)
            guard integer(4, UInt32.self) == checksum(UnsafeRawBufferPointer(rebasing: all[offset + 8..<end])),
                let after = ContentHash(bytes: all[offset + 24..<offset + headerBytes])
            else { return nil }
            return Record(
                step: Int(integer(8, UInt64.self)), after: after, change: Array(all[offset + headerBytes..<end]))
        }
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        auscult_crc32c(0, bytes.baseAddress, bytes.count)
    }

    // MARK: the disk

    private func write(_ bytes: [UInt8], flags: Int32, to path: String) throws(StepJournalError) {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o644)
        guard file >= 0 else { throw StepJournalError("open", path) }
        defer { close(file) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StepJournalError("write", path) }
            done += count
        }
        guard fdatasync(file) == 0 else { throw StepJournalError("sync", path) }
    }

    private func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let (wanted, place) = (bytes.count - done, done)
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + place }, wanted) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return Array(bytes[..<done]) }
            done += count
        }
        return bytes
    }
}

/// The journal's disk does not do what it should.
struct StepJournalError: Error, CustomStringConvertible {
    let description: String

    init(_ action: String, _ path: String) {
        description = "cannot \(action) the journal \(path): \(String(cString: strerror(errno)))"
    }
}
