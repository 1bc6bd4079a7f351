/// A block of floats on a cache line, owned by one object and freed with it.
///
/// It has no lock: whoever holds it writes to it from one thread at a time.
package final class FloatBuffer {
    package let count: Int
    package let pointer: UnsafeMutablePointer<Float>

    /// - Parameter count: how many floats; they start as zero.
    package init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats")
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        pointer.initialize(repeating: 0, count: max(count, 1))
    }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: count) }
        }
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }

    package var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    package func zero() { pointer.update(repeating: 0, count: count) }

    package func copy(from other: FloatBuffer) {
        precondition(count == other.count, "copying \(other.count) floats into \(count)")
        pointer.update(from: other.pointer, count: count)
    }
}
