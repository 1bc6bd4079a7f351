import Glibc

/// Many worlds, each of one seed.
enum Worlds {
    /// A number from the environment.
    static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    /// The first violation that any of the worlds shows; all cores look.
    ///
    /// - Parameter violation: runs the world of a seed and tells what it did wrong.
    static func firstViolation(
        in seeds: Range<UInt64>, _ violation: @escaping @Sendable (UInt64) throws -> String?
    ) async throws -> (seed: UInt64, violation: String)? {
        let threads = UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        return try await withThrowingTaskGroup(of: (UInt64, String)?.self) { group in
            for thread in 0..<min(threads, UInt64(seeds.count)) {
                group.addTask {
                    for seed in stride(from: seeds.lowerBound + thread, to: seeds.upperBound, by: Int(threads)) {
                        if Task.isCancelled { return nil }
                        if let violation = try violation(seed) { return (seed, violation) }
                    }
                    return nil
                }
            }
            for try await found in group {
                guard let found else { continue }
                group.cancelAll()
                return found
            }
            return nil
        }
    }
}
