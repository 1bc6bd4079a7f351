internal import Tensors

/// A network at rest: its batch norms folded, its weights packed, ready to hear clips.
///
/// It is never written to once it is made, so any number of threads may share it, each with its own `Scratch`.
package final class FoldedNetwork: @unchecked Sendable {  // Protected by being immutable after init.
    package let architecture: Architecture
    /// One per channel.
    private let branches: [Branch]
    private let mobileFaceNet: FoldedMobileFaceNet
    private let tail: FoldedTail

    package init(_ parameters: Parameters) {
        architecture = parameters.architecture
        branches = architecture.channels.map { channel in
            switch channel {
            case .logMel: .logMel
            case .tgram: .tgram(FoldedTgram(parameters))
            case .tfgram: .tfgram(FoldedTFgram(parameters))
            case .attention: .attention(FrequencyAttention.Projections(parameters))
            }
        }
        mobileFaceNet = FoldedMobileFaceNet(parameters)
        tail = FoldedTail(parameters)
    }

    /// What makes an image.
    private enum Branch {
        case logMel
        case tgram(FoldedTgram)
        case tfgram(FoldedTFgram)
        case attention(FrequencyAttention.Projections)
    }

    /// Room for one clip on its way through the network; one thread uses it at a time.
    package final class Scratch {
        fileprivate let wave: FloatBuffer
        fileprivate let images: FloatBuffer
        fileprivate let features: FloatBuffer
        fileprivate let tgram: TgramScratch
        fileprivate let tfgram: TFgramScratch
        fileprivate let mobileFaceNet: MobileFaceNetScratch
        fileprivate let attention: FrequencyAttention?

        package init(_ a: Architecture) {
            wave = FloatBuffer(count: a.usesWave ? a.waveSamples + 2 * PaddedWave.padding(a) : 0)
            images = FloatBuffer(count: a.channels.count * a.melBands * a.frames)
            features = FloatBuffer(count: a.trunkChannels)
            tgram = TgramScratch(TgramShape(a))
            tfgram = TFgramScratch(TFgramShape(a))
            mobileFaceNet = MobileFaceNetScratch(a)
            attention = a.channels.contains(.attention) ? FrequencyAttention(a, trains: false) : nil
        }
    }

    /// What the network makes of one clip.
    package struct Hearing: Sendable {
        /// Before the head.
        package var vector: [Float]
        /// Of unit length.
        package var embedding: [Float]
        /// With the nearest centre of each class.
        package var cosines: [Float]
        /// How much each band heard of each other, [melBands][melBands]; nil where the network has no attention.
        package var attention: [Float]?
    }

    /// Hears one clip.
    ///
    /// - Parameters:
    ///   - logMel: decibels, [melBands][frames].
    ///   - wave: samples in −1...1, [waveSamples]; empty where the network needs no wave.
    package func hear(logMel: [Float], wave: [Float], scratch: Scratch) -> Hearing {
        let a = architecture
        precondition(logMel.count == a.melBands * a.frames, "\(logMel.count) values for \(a.melBands) x \(a.frames)")
        precondition(!a.usesWave || wave.count == a.waveSamples, "\(wave.count) samples for \(a.waveSamples)")
        if a.usesWave { PaddedWave.copy(wave, into: scratch.wave, a) }
        let padding = PaddedWave.padding(a)
        for (index, branch) in branches.enumerated() {
            let image = scratch.images.pointer + index * a.melBands * a.frames
            switch branch {
            case .logMel: for position in logMel.indices { image[position] = logMel[position] }
            case .attention(let projections):
                guard let attention = scratch.attention else {
                    preconditionFailure("the room of a network without attention")
                }
                logMel.withUnsafeBufferPointer { source in
                    if let base = source.baseAddress { attention.forward(base, projections, into: image) }
                }
            case .tgram(let tgram):
                let start = scratch.wave.pointer + padding - tgram.shape.padding
                Self.transpose(tgram.apply(start, scratch: scratch.tgram), rows: a.frames, columns: a.melBands, image)
            case .tfgram(let tfgram):
                let start = scratch.wave.pointer + padding - TFgramShape.padding
                Self.transpose(tfgram.apply(start, scratch: scratch.tfgram), rows: a.frames, columns: a.melBands, image)
            }
        }
        mobileFaceNet.apply(scratch.images.pointer, features: scratch.features.pointer, scratch: scratch.mobileFaceNet)
        let vector = tail.vector(scratch.features.pointer)
        let embedding = tail.embedding(vector)
        return Hearing(
            vector: vector.values, embedding: embedding.values, cosines: tail.cosines(embedding),
            attention: scratch.attention?.attention)
    }

    /// [rows][columns] → [columns][rows].
    static func transpose(
        _ source: UnsafePointer<Float>, rows: Int, columns: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        for column in 0..<columns {
            for row in 0..<rows { target[column * rows + row] = source[row * columns + column] }
        }
    }
}

/// A clip's wave with zeros on both sides, as the strided convolutions read it.
enum PaddedWave {
    /// What the kernels reach beyond the wave, and a vector more, since gradients of their weights are made of whole vectors.
    static func padding(_ a: Architecture) -> Int { max(a.tgramKernel / 2, TFgramShape.kernel) + Panels.width }

    static func copy(_ wave: [Float], into buffer: FloatBuffer, _ a: Architecture) {
        wave.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            (buffer.pointer + padding(a)).update(from: base, count: wave.count)
        }
    }
}
