internal import Files
internal import Glibc

extension SegmentStore {
    /// The newest segment always stays: the next one's number follows from it, and numbers are never used twice.
    package func segments(untouchedForSeconds seconds: Int64) throws -> [Int64] {
        let now = time(nil)
        return try segmentNumbers().dropLast().filter { number in
            guard number != current?.number, let name = SegmentName(number),
                let glance = folder.glance(at: name.text), Int64(now - glance.changedAt) >= seconds
            else { return false }
            return try !isGrowing(number)
        }
    }

    /// Whether a living broker adds to the segment.
    private func isGrowing(_ number: Int64) throws -> Bool {
        let file = try reader(of: number)
        guard try file.lock() else { return true }
        file.unlock()
        return false
    }

    package func remove(_ segments: [Int64]) throws {
        for number in segments {
            precondition(number != current?.number, "segment \(number) grows still")
            readers[number] = nil
            guard let name = SegmentName(number) else { continue }
            do throws(FileError) {
                try folder.remove(name.text)
            } catch {
                throw PayloadStoreError(error)
            }
        }
    }
}
