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
        let count = (plane.columns - 1) / 2 + 1
        for channel in 0..<plane.channels {
            for tapRow in 0..<3 {
                let y = 2 * row - 1 + tapRow
                let isInside = y >= 0 && y < plane.rows
                let line = images + (channel * plane.rows + (isInside ? y : 0)) * plane.columns
                var target = patches + (channel * 3 + tapRow) * 3
                for column in 0..<count {
                    let x = 2 * column
                    target[0] = isInside && x > 0 ? line[x - 1] : 0
                    target[1] = isInside ? line[x] : 0
                    target[2] = isInside && x + 1 < plane.columns ? line[x + 1] : 0
                    target += stride
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
