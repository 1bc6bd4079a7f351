/// The log-mel of one clip: the power in mel bands over time, in dB.
package struct LogMel: Hashable, Sendable {
    package let melBands: Int
    package let frames: Int
    /// dB, row by row. **Shape** (melBands, frames).
    package let values: [Float]

    /// - Parameter values: **Shape** (melBands, frames).
    package init(melBands: Int, frames: Int, values: [Float]) {
        precondition(values.count == melBands * frames, "\(values.count) values for \(melBands) x \(frames)")
        self.melBands = melBands
        self.frames = frames
        self.values = values
    }
}

extension LogMel {
    /// The frames from `start` on, so many of them.
    package func cropped(from start: Int, frames count: Int) -> LogMel {
        precondition(start >= 0 && start + count <= frames, "frames \(start)..<\(start + count) of \(frames)")
        guard count < frames else { return self }
        let values = (0..<melBands).flatMap { band in
            self.values[band * frames + start..<band * frames + start + count]
        }
        return LogMel(melBands: melBands, frames: count, values: values)
    }
}
