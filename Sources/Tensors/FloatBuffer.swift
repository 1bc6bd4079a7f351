private import Glibc

/// A block of floats on a cache line, owned by one object and freed with it.
///
/// It has no lock: whoever holds it writes to it from one thread at a time.
package final class FloatBuffer {
    private static let largePage = 2 << 20

    package let count: Int
    package let pointer: UnsafeMutablePointer<Float>
    /// Of which this is a part; nil where the memory is its own.
    private let whole: FloatBuffer?

    /// - Parameter count: how many floats; they start as zero.
    package init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats")
        self.count = count
        whole = nil
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        let isLarge = bytes >= 2 * Self.largePage
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? Self.largePage : 64)
        // A wish: without large pages, walking gigabytes of activations misses the translation buffer all the way.
        if isLarge { _ = madvise(raw, bytes, MADV_HUGEPAGE) }
        pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        pointer.initialize(repeating: 0, count: max(count, 1))
    }

    /// A part of another buffer, which lives on as long as its parts do.
    package init(of whole: FloatBuffer, _ range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= whole.count, "floats \(range) of \(whole.count)")
        count = range.count
        pointer = whole.pointer + range.lowerBound
        self.whole = whole
    }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: count) }
        }
    }

    deinit { if whole == nil { UnsafeMutableRawPointer(pointer).deallocate() } }

    package var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    package func zero() { pointer.update(repeating: 0, count: count) }

    package func copy(from other: FloatBuffer) {
        precondition(count == other.count, "copying \(other.count) floats into \(count)")
        pointer.update(from: other.pointer, count: count)
    }
}
