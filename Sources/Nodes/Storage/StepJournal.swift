internal import CSupport
package import Files
internal import Logging
package import Plant

/// The changes of the steps since a training's last checkpoint, on this host's disk, so that a coordinator which comes
/// after another need not have them computed again.
///
/// One file per run; a record is appended and synced before its step is committed to the database. Losing the file, or its
/// end, loses time alone: what is not there is computed again and gives the same bits. Whoever restores a run holds each
/// record's hash of the weights against the database's, and the weights it makes against the hash.
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
package final class StepJournal {
    package struct Record: Hashable, Sendable {
        package var step: Int
        package var after: ContentHash
        package var change: [UInt8]

        package init(step: Int, after: ContentHash, change: [UInt8]) {
            (self.step, self.after, self.change) = (step, after, change)
        }
    }

    private static let magic: UInt32 = 0x5054_5341
    private static let headerBytes = 56

    private let folder: Folder
    private let logger = Logger(label: "auscult.coordinator")
    /// Runs whose file could not be written; they go on without.
    private var given: Set<Int64> = []

    /// - Parameter directory: made where it is missing.
    package init(directory: String) throws(FileError) { folder = try Folder(directory) }

    private func name(_ run: Int64) -> String { "run-\(run).journal" }

    /// Appends a record and returns when it is on disk. A disk that takes nothing is told of once per checkpoint.
    package func append(_ record: Record, of run: Int64) {
        guard !given.contains(run) else { return }
        do throws(FileError) {
            let file = try folder.open(name(run), .append)
            try file.write(Self.bytes(of: record))
            try file.synchronise()
        } catch {
            given.insert(run)
            logger.warning(
                "run \(run): \(error.description); a restart would compute the steps since the last checkpoint again")
        }
    }

    /// Forgets the records of a run: a checkpoint holds them now, or nobody needs them any more.
    package func clear(_ run: Int64) {
        given.remove(run)
        do throws(FileError) {
            try folder.remove(name(run))
        } catch {
            logger.warning("run \(run): \(error.description)")
        }
    }

    /// The records of a run in order, up to the first that is damaged or was not written to its end; that one and what
    /// follows is told of and cut off, so that what comes next can be read again.
    package func records(of run: Int64) -> [Record] {
        do throws(FileError) {
            let file = try folder.open(name(run), .change)
            let bytes = try file.contents()
            var records: [Record] = []
            var offset = 0
            while let record = Self.record(bytes, at: offset) {
                records.append(record)
                offset += Self.headerBytes + record.change.count
            }
            if offset < bytes.count {
                logger.warning(
                    """
                    run \(run): \(file.path) is damaged at \(offset), after \(records.count) steps; the steps behind them \
                    are computed again
                    """)
                try file.truncate(to: Int64(offset))
            }
            return records
        } catch {
            if !error.isMissing { logger.warning("run \(run): \(error.description); its steps are computed again") }
            return []
        }
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
                let step = Int(exactly: integer(8, UInt64.self)),
                let after = ContentHash(bytes: all[offset + 24..<offset + headerBytes])
            else { return nil }
            return Record(step: step, after: after, change: Array(all[offset + headerBytes..<end]))
        }
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        auscult_crc32c(0, bytes.baseAddress, bytes.count)
    }
}
