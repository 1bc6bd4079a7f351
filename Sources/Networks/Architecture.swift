/// The sizes of an OS-SCL network; the defaults are the published ones.
///
/// A clip enters as one or more images of [melBands][frames]: its log-mel spectrogram, two learned transforms of the wave,
/// Tgram and TFgram, and the log-mel after attention over its bands. They go through a MobileFaceNet to an embedding,
/// which is compared with one or more centres per class. Every channel count inside is a multiple of 16, which the vector
/// kernels rely on.
///
/// Source: He, Huang, Fang, arXiv 2509.13853, and its published code.
package struct Architecture: Sendable, Hashable {
    /// One of the images, in the order in which they are stacked.
    package enum Channel: String, Sendable, Hashable, CaseIterable {
        case logMel = "logmel"
        case tgram
        case tfgram
        /// The log-mel with its bands mixed by self-attention.
        case attention
    }

    /// `repeats` bottlenecks, the first of which halves both sides of the image.
    package struct Stage: Sendable, Hashable {
        package var expansion: Int
        package var channels: Int
        package var repeats: Int

        package init(expansion: Int, channels: Int, repeats: Int) {
            self.expansion = expansion
            self.channels = channels
            self.repeats = repeats
        }
    }

    package var channels: [Channel]
    package var melBands = 128
    package var frames = 313
    /// Samples of wave per clip; unused where log-mel is the only channel.
    package var waveSamples = 160_000
    package var classes: Int
    /// Centres per class; the nearest counts.
    package var subCentres = 1
    package var stemChannels = 64
    package var stages = [
        Stage(expansion: 2, channels: 128, repeats: 2), Stage(expansion: 4, channels: 128, repeats: 2),
        Stage(expansion: 4, channels: 128, repeats: 2),
    ]
    package var trunkChannels = 512
    package var embeddingSize = 128
    package var hiddenSize = 64
    package var tgramKernel = 1024
    package var tgramStride = 512
    /// Channels of TFgram's first block; its last two have `melBands`.
    package var tfgramChannels = 64
    /// Time steps after TFgram's second block; after the third there are `frames`.
    package var tfgramSteps = 626
    /// Numbers by which two bands are compared.
    package var attentionSize = 64

    package init(channels: [Channel] = [.logMel], classes: Int = 41) {
        self.channels = channels
        self.classes = classes
    }

    /// True where the wave is needed beside the log-mel.
    package var usesWave: Bool { channels.contains { $0 == .tgram || $0 == .tfgram } }
}

extension Architecture {
    /// The same network with so many times the channels in its convolutions, rounded to multiples of 16.
    package func widened(by factor: Double) -> Architecture {
        func wide(_ channels: Int) -> Int { max(Int((Double(channels) * factor / 16).rounded()), 1) * 16 }
        var other = self
        (other.stemChannels, other.trunkChannels) = (wide(stemChannels), wide(trunkChannels))
        for index in stages.indices { other.stages[index].channels = wide(stages[index].channels) }
        return other
    }
}

/// An image's sides and channels; it is stored [rows][columns][channels].
struct Plane: Sendable, Hashable {
    var rows: Int
    var columns: Int
    var channels: Int

    var positions: Int { rows * columns }
    var count: Int { rows * columns * channels }

    /// After a 3×3 convolution with padding 1.
    func convolved(stride: Int, channels: Int) -> Plane {
        Plane(rows: (rows - 1) / stride + 1, columns: (columns - 1) / stride + 1, channels: channels)
    }
}

extension Architecture {
    /// The most floats that one image may take.
    private static let imageLimit = 1 << 26

    /// What is wrong with the sizes, nil when nothing is.
    ///
    /// The sizes may come from a file by anybody: those that pass can be computed with.
    package var complaint: String? {
        if channels.isEmpty || Set(channels).count != channels.count { return "the channels are \(channels)" }
        if channels != Channel.allCases.filter(channels.contains) { return "the channels are out of order" }
        if !(1...8).contains(stages.count) { return "a network has one to eight stages, this has \(stages.count)" }
        let widths =
            [stemChannels, trunkChannels, embeddingSize, hiddenSize, tfgramChannels, attentionSize]
            + stages.map(\.channels)
        let sizes = widths + [melBands, frames, classes, subCentres] + stages.flatMap { [$0.expansion, $0.repeats] }
        if sizes.contains(where: { $0 < 1 }) { return "a size is not positive" }
        if sizes.contains(where: { $0 > 4096 }) { return "a size is beyond 4096" }
        if classes < 2 { return "a network needs two classes, this has \(classes)" }
        if widths.contains(where: { $0 % 16 != 0 }) { return "a channel count is not a multiple of 16" }
        if stages.contains(where: { $0.repeats > 64 }) { return "a stage has too many bottlenecks" }
        let wave = [(waveSamples, 32...1 << 26), (tgramStride, 1...65_536), (tgramKernel, 2...65_536)]
        if (wave + [(tfgramSteps, 1...1 << 22)]).contains(where: { !$1.contains($0) }) {
            return "a wave size is out of range"
        }
        let images = planes.map(\.count) + [tfgramPooledSteps * tfgramChannels, tfgramSteps * melBands]
        if images.contains(where: { $0 > Self.imageLimit }) { return "an image is beyond \(Self.imageLimit) numbers" }
        return usesWave ? waveComplaint : nil
    }

    private var waveComplaint: String? {
        if melBands % 16 != 0 { return "a wave channel count is not a multiple of 16" }
        if channels.contains(.tgram), tgramFrames != frames {
            return "\(waveSamples) samples make \(tgramFrames) frames, not \(frames)"
        }
        if channels.contains(.tfgram), tfgramSteps < frames || tfgramPooledSteps < tfgramSteps {
            return "\(waveSamples) samples are too few for TFgram"
        }
        return nil
    }

    var tgramFrames: Int { (waveSamples + tgramKernel / 2 * 2 - tgramKernel) / tgramStride + 1 }
    /// Steps after TFgram's first convolution: kernel 11, stride 5, padding 5.
    var tfgramFirstSteps: Int { (waveSamples - 1) / 5 + 1 }
    var tfgramPooledSteps: Int { tfgramFirstSteps / 4 }

    /// The image that the trunk reduces to one vector, at the trunk's input width.
    var lastPlane: Plane { planes[planes.count - 1] }

    /// The images after the stem and after each stage.
    private var planes: [Plane] {
        var planes: [Plane] = []
        var plane = Plane(rows: melBands, columns: frames, channels: stemChannels)
        for channels in [stemChannels] + stages.map(\.channels) {
            plane = plane.convolved(stride: 2, channels: channels)
            planes.append(plane)
        }
        return planes
    }
}
