private import CKernels
private import Glibc

/// Turns samples into log-mels; one for each thread, since it owns its buffers. No clip allocates but its result.
///
/// Frame k is centred on sample k * hopLength: windowed, transformed, squared; its bins are summed by the mel bank and
/// converted to dB. The window is the periodic Hann window, 0.5 - 0.5 cos(2 pi n / fftLength).
package final class LogMelExtractor {
    package let parameters: LogMelParameters
    private let bank: MelBank
    private let window: [Double]
    private let transform: RealTransform
    private let paddedBinCount: Int
    /// The power of one frame, followed by the zeros that the bank may read.
    private var power: [Float]

    /// - Throws: `SpectraError` with code `badParameters`.
    package init(_ parameters: LogMelParameters = .method) throws(SpectraError) {
        self.parameters = parameters
        bank = try MelBank(parameters)
        paddedBinCount = (parameters.binCount + 15) / 16 * 16
        transform = RealTransform(length: parameters.fftLength, paddedBinCount: paddedBinCount)
        power = [Float](repeating: 0, count: paddedBinCount + MelBank.groupLength)
        window = (0..<parameters.fftLength).map { index in
            0.5 - 0.5 * cos(2 * Double.pi * Double(index) / Double(parameters.fftLength))
        }
    }

    /// The log-mel of one clip.
    ///
    /// - Parameters:
    ///   - samples: one channel at `parameters.sampleRateHz`, full scale 1.
    ///   - name: how errors call the clip.
    /// - Returns: **Shape** (melBands, 1 + samples.count / hopLength).
    /// - Throws: `SpectraError` with code `tooShort` where there is nothing to frame or to mirror.
    package func extract(_ samples: UnsafeBufferPointer<Float>, name: String) throws(SpectraError) -> LogMel {
        let needed = parameters.padding == .reflect ? parameters.fftLength / 2 + 1 : 1
        guard samples.count >= needed else {
            throw SpectraError(
                .tooShort, "\(name): has \(samples.count) samples, a log-mel needs \(needed). Send a longer clip.")
        }
        let frames = parameters.frameCount(sampleCount: samples.count)
        let values = [Float](unsafeUninitializedCapacity: parameters.melBands * frames) { values, count in
            count = parameters.melBands * frames
            fill(UnsafeMutableBufferPointer(rebasing: values[..<count]), from: samples)
        }
        return LogMel(melBands: parameters.melBands, frames: frames, values: values)
    }

    /// The log-mel of samples that lie in an array.
    package func extract(_ samples: [Float], name: String) throws(SpectraError) -> LogMel {
        let result: Result<LogMel, SpectraError> = samples.withUnsafeBufferPointer { samples in
            do throws(SpectraError) {
                return .success(try extract(samples, name: name))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The log-mel of one clip, into memory of the caller.
    ///
    /// - Parameters:
    ///   - values: **Shape** (melBands, frames) with frames = 1 + samples.count / hopLength.
    ///   - samples: at least one, and more than fftLength / 2 where the signal is mirrored.
    package func fill(_ values: UnsafeMutableBufferPointer<Float>, from samples: UnsafeBufferPointer<Float>) {
        let frames = parameters.frameCount(sampleCount: samples.count)
        precondition(
            values.count == parameters.melBands * frames, "\(values.count) for \(parameters.melBands) x \(frames)")
        guard let output = values.baseAddress, let spectrum = transform.output.baseAddress else { return }
        for frame in 0..<frames {
            window(samples, from: frame * parameters.hopLength - parameters.fftLength / 2)
            transform.execute()
            kernel_power(spectrum, &power, paddedBinCount)
            kernel_mel_bands(
                power, bank.firstBins, bank.offsets, bank.weights, output + frame, frames, parameters.melBands)
        }
        switch parameters.floor {
        case .clamp: kernel_decibels(output, values.count, 1e-10, 0)
        case .addEpsilon: kernel_decibels(output, values.count, 0, 0x1p-52)
        }
    }

    /// Copies the frame that begins at sample `start`, which may lie outside the clip, through the window.
    private func window(_ samples: UnsafeBufferPointer<Float>, from start: Int) {
        let frame = transform.input
        if start >= 0, start + frame.count <= samples.count, let first = samples.baseAddress {
            kernel_window(first + start, window, frame.baseAddress, frame.count)
            return
        }
        let last = samples.count - 1
        for index in frame.indices {
            let position = start + index
            let sample: Float =
                switch parameters.padding {
                case _ where samples.indices.contains(position): samples[position]
                case .zero: 0
                case .reflect: samples[position < 0 ? -position : 2 * last - position]
                }
            frame[index] = Double(sample) * window[index]
        }
    }
}
