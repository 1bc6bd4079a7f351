/// A rectangle of a log-mel: some bands during some frames.
package struct SoundPatch: Hashable, Sendable {
    package var bands: Range<Int>
    package var frames: Range<Int>

    package init(bands: Range<Int>, frames: Range<Int>) {
        (self.bands, self.frames) = (bands, frames)
    }

    /// The tiles of a log-mel, row by row; those at the far edges may be smaller.
    package static func tiles(melBands: Int, frames: Int, size: Int) -> [SoundPatch] {
        precondition(size > 0, "tiles of \(size)")
        return stride(from: 0, to: melBands, by: size).flatMap { band in
            stride(from: 0, to: frames, by: size).map { frame in
                SoundPatch(
                    bands: band..<min(band + size, melBands), frames: frame..<min(frame + size, frames))
            }
        }
    }
}
