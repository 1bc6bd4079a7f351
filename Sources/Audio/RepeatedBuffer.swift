/// Finds drivers that deliver the same buffer twice.
enum RepeatedBuffer {
    /// Lengths that sound drivers and network packets have, in samples.
    private static let lengths = [160, 240, 256, 320, 480, 512, 1024, 2048, 4096]
    /// Repetitions are looked for at every so many samples; shorter than any buffer, so that none is missed.
    private static let step = 80

    /// Whether somewhere a whole buffer equals the one before it, sample by sample. Buffers of one value do not count.
    static func isFound(in samples: [Float]) -> Bool {
        samples.withUnsafeBufferPointer { samples in
            lengths.contains { isFound(in: samples, length: $0) }
        }
    }

    private static func isFound(in samples: UnsafeBufferPointer<Float>, length: Int) -> Bool {
        var place = length
        while place < samples.count {
            guard samples[place] == samples[place - length] else {
                place += step
                continue
            }
            var start = place
            while start > max(length, place - step), samples[start - 1] == samples[start - 1 - length] { start -= 1 }
            var end = place + 1
            while end < samples.count, samples[end] == samples[end - length] { end += 1 }
            if end - start >= length, samples[start..<end].contains(where: { $0 != samples[start] }) { return true }
            place = end + step
        }
        return false
    }
}
