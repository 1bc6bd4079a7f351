private import CKernels

/// The vector loops, with the shapes they expect; `PlainKernels` says what each computes.
///
/// Activations lie with their channels last. Unless a kernel says otherwise, channels are a multiple of `lanes`.
package enum Kernels {
    package static let lanes = 16
}

/// The same loops in plain Swift, to be read and to be tested against.
package enum PlainKernels {}

extension Kernels {
    /// c = a·b (+ added) (+ bias), then PReLU where there is a slope.
    ///
    /// - Parameters:
    ///   - aStride: floats from one row of `a` to the next; rows may overlap, as the windows of a strided convolution do.
    ///   - bias: as long as the panels are wide, `Panels.paddedCount(columns)`; so is `slope`.
    ///   - added: may be `c`, and has its stride.
    ///
    /// **Shapes**: a [rows][panels.depth], c and added [rows][panels.columns]; any sizes.
    package static func product(
        _ a: UnsafePointer<Float>, aStride: Int, _ panels: Panels, into c: UnsafeMutablePointer<Float>, cStride: Int,
        rows: Int, bias: UnsafePointer<Float>? = nil, slope: UnsafePointer<Float>? = nil,
        added: UnsafePointer<Float>? = nil
    ) {
        kernel_product(
            a, aStride, panels.pointer, c, cStride, rows, panels.columns, panels.depth, bias, slope, added)
    }

    /// c = a·b (+ c) with sums in double: for what a norm, a rectifier or a temperature of 0.02 will magnify.
    ///
    /// **Shapes**: as of `product`.
    package static func preciseProduct(
        _ a: UnsafePointer<Float>, aStride: Int, _ panels: Panels, into c: UnsafeMutablePointer<Float>, cStride: Int,
        rows: Int, accumulate: Bool = false
    ) {
        kernel_product_precise(
            a, aStride, panels.pointer, c, cStride, rows, panels.columns, panels.depth, accumulate)
    }

    /// c += aᵀ·b: the gradient of a weight from what came in and what came back.
    ///
    /// **Shapes**: a [positions][rows], b [positions][columns], c [rows][columns]; columns a multiple of `lanes`.
    package static func productTransposed(
        _ a: UnsafePointer<Float>, aStride: Int, _ b: UnsafePointer<Float>, bStride: Int,
        into c: UnsafeMutablePointer<Float>, positions: Int, rows: Int, columns: Int
    ) {
        precondition(columns % lanes == 0, "\(columns) columns are not a multiple of \(lanes)")
        kernel_product_transposed(a, aStride, b, bStride, c, positions, rows, columns)
    }
}

extension PlainKernels {
    /// `b` unpacked: [depth][columns].
    package static func product(
        _ a: [Float], aStride: Int, _ b: [Float], depth: Int, columns: Int, into c: inout [Float], rows: Int,
        bias: [Float]? = nil, slope: [Float]? = nil, added: [Float]? = nil
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = added?[row * columns + column] ?? 0
                for k in 0..<depth { sum += a[row * aStride + k] * b[k * columns + column] }
                if let bias { sum += bias[column] }
                if let slope { sum = max(sum, 0) + slope[column] * min(sum, 0) }
                c[row * columns + column] = sum
            }
        }
    }

    package static func productTransposed(
        _ a: [Float], _ b: [Float], into c: inout [Float], positions: Int, rows: Int, columns: Int
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                for p in 0..<positions { c[row * columns + column] += a[p * rows + row] * b[p * columns + column] }
            }
        }
    }
}
