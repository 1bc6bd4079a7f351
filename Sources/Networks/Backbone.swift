package import Tensors

/// The network up to the outputs of its global convolution, during training, for a fixed number of clips.
///
/// `forward` normalises with the moments of these clips alone and keeps what `backward` needs; a pair of calls is one
/// shard's share of a step. All memory is taken when the object is made. One thread uses it at a time, and no other that
/// shares its room is on its way back meanwhile.
package final class Backbone {
    package let architecture: Architecture
    package let clips: Int
    /// Where its gradients lie on the way back.
    package let room: GradientRoom
    /// The batch norms use the running statistics, which stand still.
    package var fixesNorms = false {
        didSet { for norm in mobileFaceNet.norms + branches.flatMap(\.norms) { norm.isFixed = fixesNorms } }
    }
    /// One per channel.
    private let branches: [Branch]
    /// What the attention reads, [clips][melBands][frames].
    private let logMels: FloatBuffer
    private let mobileFaceNet: TrainedMobileFaceNet
    private let wave: FloatBuffer
    /// [clips][channels][melBands][frames]
    private let images: FloatBuffer
    private let imageGradients: FloatBuffer?
    /// One branch's images or their gradients, [clips][frames][melBands].
    private let turned: FloatBuffer

    /// What makes an image.
    private enum Branch {
        case logMel
        case tgram(TrainedTgram)
        case tfgram(TrainedTFgram)
        case attention(FrequencyAttention)

        var norms: [BatchNorm] { if case .tfgram(let tfgram) = self { tfgram.norms } else { [] } }

        /// Numbers kept for the way back.
        var activationCount: Int {
            switch self {
            case .logMel, .attention: 0
            case .tgram(let tgram): tgram.activationCount
            case .tfgram(let tfgram): tfgram.activationCount
            }
        }
    }

    /// - Parameter room: another backbone's, to be shared if it is large enough.
    package init(_ architecture: Architecture, clips: Int, room: GradientRoom? = nil) {
        precondition(clips > 0, "a backbone for \(clips) clips")
        let layout = ParameterLayout(architecture)
        self.architecture = architecture
        self.clips = clips
        let fitting = room.flatMap { $0.fits(architecture, clips: clips) ? $0 : nil }
        let room = fitting ?? GradientRoom(architecture, clips: clips)
        self.room = room
        branches = architecture.channels.map { channel in
            switch channel {
            case .logMel: .logMel
            case .tgram: .tgram(TrainedTgram(architecture, layout, clips: clips))
            case .tfgram: .tfgram(TrainedTFgram(architecture, layout, clips: clips, room: room))
            case .attention: .attention(FrequencyAttention(architecture, trains: true))
            }
        }
        let attends = architecture.channels.contains(.attention)
        mobileFaceNet = TrainedMobileFaceNet(architecture, layout, clips: clips, room: room)
        let imageCount = clips * architecture.melBands * architecture.frames
        images = FloatBuffer(count: architecture.channels.count * imageCount)
        logMels = FloatBuffer(count: attends ? imageCount : 0)
        imageGradients = architecture.usesWave || attends ? FloatBuffer(count: images.count) : nil
        turned = FloatBuffer(count: architecture.usesWave ? imageCount : 0)
        wave = FloatBuffer(count: architecture.usesWave ? clips * Self.waveStride(architecture) : 0)
    }

    /// What it holds for the way back; it grows with the clips.
    package var activationBytes: Int {
        let own = [images, imageGradients, logMels, turned, wave].reduce(0) { $0 + ($1?.count ?? 0) }
        let floats = branches.reduce(own + mobileFaceNet.activationCount) { $0 + $1.activationCount }
        return floats * MemoryLayout<Float>.stride
    }

    private static func waveStride(_ a: Architecture) -> Int { a.waveSamples + 2 * PaddedWave.padding(a) }

    /// Where a clip's wave begins, that many zeros before its first sample.
    private func wave(_ clip: Int, padding: Int) -> UnsafePointer<Float> {
        UnsafePointer(
            wave.pointer + clip * Self.waveStride(architecture) + PaddedWave.padding(architecture) - padding)
    }

    /// Takes in one clip; every clip of the shard must be taken in before `forward`.
    ///
    /// - Parameters:
    ///   - logMel: decibels, [melBands][frames].
    ///   - wave: samples in −1...1, [waveSamples]; empty where the network needs no wave.
    package func load(_ clip: Int, logMel: [Float], wave samples: [Float]) {
        let a = architecture
        precondition(logMel.count == a.melBands * a.frames, "\(logMel.count) values for \(a.melBands) x \(a.frames)")
        precondition(!a.usesWave || samples.count == a.waveSamples, "\(samples.count) samples for \(a.waveSamples)")
        if let channel = a.channels.firstIndex(of: .logMel) {
            let target = image(clip, channel)
            for index in logMel.indices { target[index] = logMel[index] }
        }
        if a.channels.contains(.attention) {
            for index in logMel.indices { logMels.pointer[clip * logMel.count + index] = logMel[index] }
        }
        guard a.usesWave else { return }
        let target = wave.pointer + clip * Self.waveStride(a) + PaddedWave.padding(a)
        for index in samples.indices { target[index] = samples[index] }
    }

    private func image(_ clip: Int, _ channel: Int) -> UnsafeMutablePointer<Float> {
        images.pointer + (clip * architecture.channels.count + channel) * architecture.melBands * architecture.frames
    }

    /// - Parameter statistics: as long as the parameters; receives the batch moments where the running ones lie.
    /// - Returns: [clips][trunkChannels].
    package func forward(_ parameters: Parameters, statistics: FloatBuffer) -> [Float] {
        let a = architecture
        let imageCount = a.melBands * a.frames
        for (channel, branch) in branches.enumerated() {
            switch branch {
            case .logMel: break
            case .attention(let attention):
                let projections = FrequencyAttention.Projections(parameters)
                for clip in 0..<clips {
                    attention.forward(logMels.pointer + clip * imageCount, projections, into: image(clip, channel))
                }
            case .tgram(let tgram):
                tgram.forward(parameters, wave: { wave($0, padding: a.tgramKernel / 2) }, images: turned)
                turn(turned, into: channel)
            case .tfgram(let tfgram):
                let made = tfgram.forward(
                    parameters, wave: { wave($0, padding: TFgramShape.padding) }, statistics: statistics)
                turn(made, into: channel)
            }
        }
        let features = FloatBuffer(count: clips * a.trunkChannels)
        mobileFaceNet.forward(parameters, images: images, features: features.pointer, statistics: statistics)
        return features.values
    }

    /// Writes a branch's images, [clips][frames][melBands], where the channel's lie.
    private func turn(_ made: FloatBuffer, into channel: Int) {
        let a = architecture
        for clip in 0..<clips {
            FoldedNetwork.transpose(
                made.pointer + clip * a.melBands * a.frames, rows: a.frames, columns: a.melBands, image(clip, channel))
        }
    }

    /// Adds the gradient of every parameter, given dL/dfeatures of the last `forward`.
    ///
    /// - Parameter featureGradient: [clips][trunkChannels].
    package func backward(_ parameters: Parameters, featureGradient: [Float], gradient: FloatBuffer) {
        let a = architecture
        precondition(featureGradient.count == clips * a.trunkChannels, "\(featureGradient.count) feature gradients")
        imageGradients?.zero()
        let incoming = FloatBuffer(featureGradient)
        mobileFaceNet.backward(
            featureGradient: incoming.pointer, images: images, imageGradients: imageGradients, gradient: gradient)
        guard let imageGradients else { return }
        let imageCount = a.melBands * a.frames
        for (channel, branch) in branches.enumerated() {
            func image(_ clip: Int) -> UnsafeMutablePointer<Float> {
                imageGradients.pointer + (clip * branches.count + channel) * imageCount
            }
            func turnBack() {
                for clip in 0..<clips {
                    FoldedNetwork.transpose(
                        image(clip), rows: a.melBands, columns: a.frames, turned.pointer + clip * imageCount)
                }
            }
            switch branch {
            case .logMel: break
            case .attention(let attention):
                let projections = FrequencyAttention.Projections(parameters)
                attention.beginGradient()
                for clip in 0..<clips {
                    attention.backward(logMels.pointer + clip * imageCount, image(clip), projections)
                }
                attention.finishGradient(parameters.layout, gradient)
            case .tgram(let tgram):
                turnBack()
                tgram.backward(
                    parameters, wave: { wave($0, padding: a.tgramKernel / 2) }, imageGradients: turned,
                    gradient: gradient)
            case .tfgram(let tfgram):
                turnBack()
                tfgram.backward(imageGradients: turned, gradient: gradient)
            }
        }
    }
}
