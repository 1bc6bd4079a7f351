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
