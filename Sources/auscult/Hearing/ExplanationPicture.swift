import Detection
import Spectra

/// A clip's log-mel with what makes it anomalous in red, and below it the log-mel of the nearest normal clip.
///
/// Time runs to the right, frequency upwards; both pictures have one scale of grey.
struct ExplanationPicture {
    private static let pointSize = 2
    private static let gap = 8

    private let occlusion: Occlusion
    private let normal: LogMel?

    init(_ occlusion: Occlusion, normal: LogMel?) {
        (self.occlusion, self.normal) = (occlusion, normal)
    }

    var image: PNGImage {
        let clip = occlusion.logMel
        let rows = clip.melBands * Self.pointSize
        let columns = max(clip.frames, normal?.frames ?? 0) * Self.pointSize
        var image = PNGImage(width: columns, height: normal == nil ? rows : 2 * rows + Self.gap)
        let scale = Self.scale(clip)
        draw(clip, top: 0, scale, effects(), into: &image)
        if let normal { draw(normal, top: rows + Self.gap, scale, nil, into: &image) }
        return image
    }

    /// How red each point is, 0...1. **Shape** (melBands, frames).
    private func effects() -> [Double] {
        let clip = occlusion.logMel
        let most = occlusion.loudest?.effect ?? 1
        var red = [Double](repeating: 0, count: clip.values.count)
        for effect in occlusion.effects {
            for band in effect.patch.bands {
                for frame in effect.patch.frames { red[band * clip.frames + frame] = max(effect.effect / most, 0) }
            }
        }
        return red
    }

    private func draw(
        _ logMel: LogMel, top: Int, _ scale: (low: Float, high: Float), _ red: [Double]?, into image: inout PNGImage
    ) {
        for band in 0..<logMel.melBands {
            for frame in 0..<logMel.frames {
                let place = band * logMel.frames + frame
                let level = (logMel.values[place] - scale.low) / max(scale.high - scale.low, 1)
                let grey = Double(min(max(level, 0), 1)) * 220
                let heat = 0.7 * (red?[place] ?? 0)
                let (warm, cold) = (UInt8(grey + (255 - grey) * heat), UInt8(grey - grey * heat))
                for point in 0..<Self.pointSize * Self.pointSize {
                    image.set(
                        x: frame * Self.pointSize + point % Self.pointSize,
                        y: top + (logMel.melBands - 1 - band) * Self.pointSize + point / Self.pointSize,
                        (red: warm, green: cold, blue: cold))
                }
            }
        }
    }

    /// The levels drawn black and white: all but the softest and the loudest hundredth lie between them.
    private static func scale(_ logMel: LogMel) -> (low: Float, high: Float) {
        let sorted = logMel.values.sorted()
        let tail = sorted.count / 100
        return (sorted[tail], sorted[sorted.count - 1 - tail])
    }
}
