/// A matrix packed for `Kernels.product`: panels of sixteen columns, each [depth][16], the last filled up with zeros.
package final class Panels {
    package static let width = 16

    package let depth: Int
    package let columns: Int
    private let buffer: FloatBuffer

    package init(depth: Int, columns: Int) {
        self.depth = depth
        self.columns = columns
        buffer = FloatBuffer(count: Self.paddedCount(columns) * depth)
    }

    package var pointer: UnsafePointer<Float> { UnsafePointer(buffer.pointer) }

    /// `columns` rounded up to whole panels: the length of a bias that goes with them.
    package static func paddedCount(_ columns: Int) -> Int { (columns + width - 1) / width * width }

    /// Packs element (k, n) from `source[k * depthStride + n * columnStride]`, times `scale[n]` where there is a scale.
    ///
    /// PyTorch's weight [outputs][inputs] is packed for the way forth with strides 1 and `inputs`, for the way back (where
    /// the outputs are summed over) with strides `inputs` and 1.
    package func pack(
        _ source: UnsafePointer<Float>, depthStride: Int, columnStride: Int, scale: UnsafePointer<Float>? = nil
    ) {
        let target = buffer.pointer
        for n in 0..<columns {
            let panel = target + n / Self.width * Self.width * depth + n % Self.width
            let factor = scale?[n] ?? 1
            for k in 0..<depth { panel[k * Self.width] = source[k * depthStride + n * columnStride] * factor }
        }
    }
}
