package import Audio
package import Detection
package import Plant
internal import Spectra
package import Wire

/// Turns the bytes of a clip, recording or log-mel, into what a model listens to. Each thread has its own.
package struct ClipDecoder {
    private var reader: ClipReader

    /// - Parameter sampleRateHz: the rate that the model listens at; recordings are brought to it.
    package init(sampleRateHz: Int) {
        reader = ClipReader(sampleRateHz: sampleRateHz)
    }

    /// A clip ready for a model.
    package struct Decoded: Sendable {
        package let signal: ClipSignal
        /// What is peculiar about the recording; empty for a log-mel, whose samples nobody has seen.
        package let flags: QualityFlags
    }

    /// Decodes one clip.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; it may come from anybody.
    ///   - name: how errors call the clip.
    ///   - channel: which microphone of a recording with several, from 0.
    ///   - feature: how a log-mel clip was computed; recordings need none.
    ///
    /// Throws what is wrong with the clip under its number: a damaged file, a sensor fault, a missing channel.
    package mutating func decode(
        _ bytes: [UInt8], format: ClipRecord.Format, name: String, channel: Int, feature: FeatureRecord?
    ) throws(WireError) -> Decoded {
        switch format {
        case .audio:
            do throws(AudioError) {
                let clip = try reader.read(bytes, name: name, channel: channel)
                try clip.requireScorable(sampleCount: 0)
                return Decoded(
                    signal: .samples(clip.samples, sampleRateHz: clip.sampleRateHz), flags: clip.quality.flags)
            } catch {
                throw WireError(error)
            }
        case .logMel:
            guard let feature else {
                throw WireError(
                    .wrongFeature,
                    "\(name): is a log-mel and nobody said how it was computed; send its parameters along")
            }
            do throws(SpectraError) {
                let parameters = try LogMelParameters(feature)
                return Decoded(signal: .logMel(try NumPyArray.read(bytes, name: name), parameters), flags: [])
            } catch {
                throw WireError(error)
            }
        }
    }
}
