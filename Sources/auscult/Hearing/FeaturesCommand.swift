import ArgumentParser
import Audio
import Spectra

/// `auscult features`: the log-mel of one recording, as a NumPy file.
struct FeaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Writes the log-mel of a recording, in dB, as a NumPy file.",
        discussion: """
            The whole recording is used, converted to 16 kHz where it has another rate. The array has the shape \
            (melBands, frames), with one frame per hop and one more. With zero padding the floor is -100 dB, with \
            reflect padding -156.5 dB.

            Example: auscult features fan.wav --out fan.npy
                     auscult features array.flac --channel 3 --fft 1024 --pad reflect --out array.npy
            """)

    @Argument(help: "A WAV or FLAC file, or - for standard input.")
    var path: String

    @Option(help: "The NumPy file to write, or - for standard output.")
    var out: String

    @Option(help: "Length of window and transform in samples, a multiple of 16.")
    var fft = LogMelParameters.method.fftLength

    @Option(help: "Distance of two frames in samples.")
    var hop = LogMelParameters.method.hopLength

    @Option(help: "Number of mel bands.")
    var mels = LogMelParameters.method.melBands

    @Option(help: "What surrounds the recording: zero or reflect.")
    var pad = LogMelParameters.Padding.zero

    @Option(help: "The channel to take, counted from 0. Channels are never averaged.")
    var channel: Int?

    @Flag(help: "Print the result as one line of JSON.")
    var json = false

    func validate() throws {
        do {
            _ = try LogMelExtractor(parameters())
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() throws {
        let parameters = try parameters()
        let bytes = try InputFile.bytes(of: path)
        var reader = ClipReader(sampleRateHz: parameters.sampleRateHz)
        let clip = try reader.read(bytes, name: path, channel: channel)
        for warning in clip.warnings { Console.note("\(path): \(warning)") }
        if !clip.quality.flags.isEmpty { Console.note("\(path): flags \(clip.quality.flags)") }

        let logMel = try LogMelExtractor(parameters).extract(clip.samples, name: path)
        let file = OutputFile(out)
        try file.write(NumPyArray.bytes(of: logMel))
        if file.isStandardOutput { return }
        if json {
            try Console.json(Result(path: path, out: out, melBands: logMel.melBands, frames: logMel.frames))
        } else {
            Console.line("\(out): \(logMel.melBands) mel bands, \(logMel.frames) frames")
        }
    }

    private func parameters() throws(SpectraError) -> LogMelParameters {
        try LogMelParameters(
            fftLength: fft, hopLength: hop, melBands: mels, padding: pad, floor: pad == .zero ? .clamp : .addEpsilon)
    }

    private struct Result: Encodable {
        let path: String
        let out: String
        let melBands: Int
        let frames: Int
    }
}

extension LogMelParameters.Padding: ExpressibleByArgument {}
