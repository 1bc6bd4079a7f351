extension UnsafePointer<Float> {
    /// The sum of products with another row of floats, eight at a time.
    ///
    /// - Parameter count: the length of both, a multiple of 8.
    func dot(_ other: UnsafePointer<Float>, count: Int) -> Float {
        let (left, right) = (UnsafeRawPointer(self), UnsafeRawPointer(other))
        var sum = SIMD8<Float>()
        for offset in stride(from: 0, to: 4 * count, by: 32) {
            sum +=
                left.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                * right.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
        }
        return sum.sum()
    }
}
