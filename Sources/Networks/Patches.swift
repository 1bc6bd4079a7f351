/// The 3×3 neighbourhoods that the stem multiplies with its weights, for stride 2 and padding 1.
enum Patches {
    /// Gathers one row of outputs.
    ///
    /// - Parameter stride: floats from one patch to the next, at least channels·9; what is beyond those is left alone.
    ///
    /// **Shapes**: images [channels][rows][columns], patches [(columns − 1)/2 + 1][stride].
    static func gather(
        _ images: UnsafePointer<Float>, plane: Plane, row: Int, stride: Int, into patches: UnsafeMutablePointer<Float>
    ) {
        for column in 0..<(plane.columns - 1) / 2 + 1 {
            var target = patches + column * stride
            for channel in 0..<plane.channels {
                for y in 2 * row - 1...2 * row + 1 {
                    let line = images + (channel * plane.rows + y) * plane.columns
                    for x in 2 * column - 1...2 * column + 1 {
                        let inside = y >= 0 && y < plane.rows && x >= 0 && x < plane.columns
                        target.pointee = inside ? line[x] : 0
                        target += 1
                    }
                }
            }
        }
    }

    /// Adds the gradient of one row of patches to the images.
    static func scatter(
        _ patches: UnsafePointer<Float>, plane: Plane, row: Int, stride: Int, into images: UnsafeMutablePointer<Float>
    ) {
        for column in 0..<(plane.columns - 1) / 2 + 1 {
            var source = patches + column * stride
            for channel in 0..<plane.channels {
                for y in 2 * row - 1...2 * row + 1 {
                    let line = images + (channel * plane.rows + y) * plane.columns
                    for x in 2 * column - 1...2 * column + 1 {
                        if y >= 0 && y < plane.rows && x >= 0 && x < plane.columns { line[x] += source.pointee }
                        source += 1
                    }
                }
            }
        }
    }
}
