internal import Glibc

extension SegmentStore {
    /// The newest segment always stays: the next one's number follows from it, and numbers are never used twice.
    package func segments(untouchedForSeconds seconds: Int64) throws -> [Int64] {
        let now = time(nil)
        return try segmentNumbers().dropLast().filter { number in
            guard number != current?.number else { return false }
            var status = stat()
            guard stat(path(of: number), &status) == 0, Int64(now - status.st_mtim.tv_sec) >= seconds else {
                return false
            }
            return try !isGrowing(number)
        }
    }

    /// Whether a living broker adds to the segment.
    private func isGrowing(_ number: Int64) throws -> Bool {
        let descriptor = try descriptor(of: number)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return true }
        flock(descriptor, LOCK_UN)
        return false
    }

    package func remove(_ segments: [Int64]) throws {
        for number in segments {
            precondition(number != current?.number, "segment \(number) grows still")
            if let reader = readers.removeValue(forKey: number) { close(reader) }
            guard unlink(path(of: number)) == 0 || errno == ENOENT else {
                throw PayloadStoreError(errno: errno, "remove \(path(of: number))")
            }
        }
    }
}
