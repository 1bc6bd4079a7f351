package import Plant
package import Tensors

/// A network's weights and running statistics in one flat buffer: one file, one message, one hash.
///
/// It has no lock: share it between threads only while nobody writes to it.
package final class Parameters {
    package let architecture: Architecture
    package let layout: ParameterLayout
    package let buffer: FloatBuffer

    /// All zero.
    package init(_ architecture: Architecture) {
        self.architecture = architecture
        layout = ParameterLayout(architecture)
        buffer = FloatBuffer(count: layout.count)
    }

    /// Drawn afresh; the same seed gives the same weights.
    package convenience init(_ architecture: Architecture, seed: UInt64) {
        self.init(architecture)
        for (index, slice) in layout.slices.enumerated() {
            var random = CounterRandom(seed, UInt64(index))
            for position in slice.range {
                buffer.pointer[position] =
                    switch slice.initialisation {
                    case .constant(let value): value
                    case .uniform(let bound): Float(2 * random.nextUnit() - 1) * bound
                    case .normal(let deviation): Float(random.nextNormal()) * deviation
                    }
            }
        }
    }

    package func copy() -> Parameters {
        let other = Parameters(architecture)
        other.buffer.copy(from: buffer)
        return other
    }

    /// Where the tensor of that name begins.
    package func pointer(_ name: String) -> UnsafeMutablePointer<Float> { buffer.pointer + layout[name].offset }

    /// The weights' bytes as they travel: little-endian float32.
    package var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: buffer.pointer, count: layout.count * 4)) }

    /// The SHA-256 of `bytes`, by which a version of the weights is known.
    package var weightsHash: ContentHash {
        ContentHash(of: UnsafeRawBufferPointer(start: buffer.pointer, count: layout.count * 4))
    }

    /// Replaces every weight; returns false, and changes nothing, unless the length fits and every number is finite.
    package func load(bytes: [UInt8]) -> Bool {
        guard bytes.count == layout.count * 4 else { return false }
        return bytes.withUnsafeBytes { raw in
            let finite = (0..<layout.count).allSatisfy {
                raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self).isFinite
            }
            if finite { UnsafeMutableRawBufferPointer(start: buffer.pointer, count: bytes.count).copyMemory(from: raw) }
            return finite
        }
    }
}
