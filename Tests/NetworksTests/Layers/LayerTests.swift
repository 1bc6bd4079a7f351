import Foundation
import Networks
import Tensors
import Testing

/// Every layer of the backbone at odd sizes: against values and gradients that PyTorch recorded (see
/// `Fixtures/make_layers.py`) and against central differences.
@Suite struct LayerTests {
    static let cases = ["one", "seven", "eight", "nine", "long"]

    private struct Case {
        let parameters: Parameters
        let recorded: Safetensors
        let name: String
        let clips: Int
        private let seed: UInt64

        init(_ name: String) throws {
            var a = Architecture(channels: [.logMel], classes: 3)
            (a.stemChannels, a.trunkChannels, a.embeddingSize, a.hiddenSize, a.attentionSize) = (16, 16, 16, 16, 16)
            var expansions: [(Int, Int, Int)] = [(1, 16, 1)]
            switch name {
            case "one": (a.melBands, a.frames) = (1, 1)
            case "seven": (a.melBands, a.frames, expansions) = (7, 9, [(2, 16, 2)])
            case "eight":
                a.channels = [.logMel, .attention]
                (a.melBands, a.frames, expansions) = (8, 7, [(1, 32, 1), (1, 32, 2)])
            case "nine":
                a.channels = [.logMel, .tgram, .tfgram]
                (a.melBands, a.frames, a.waveSamples, expansions) = (16, 9, 256, [(1, 16, 2)])
                (a.tgramKernel, a.tgramStride, a.tfgramChannels, a.tfgramSteps) = (64, 32, 16, 11)
            default:
                a.channels = [.logMel, .tgram, .tfgram]
                (a.melBands, a.frames, a.waveSamples) = (16, 313, 6552)
                (a.tgramKernel, a.tgramStride, a.tfgramChannels, a.tfgramSteps) = (42, 21, 16, 320)
            }
            a.stages = expansions.map { Architecture.Stage(expansion: $0.0, channels: $0.1, repeats: $0.2) }
            #expect(a.complaint == nil)
            let url = try #require(Bundle.module.url(forResource: "layers", withExtension: "safetensors"))
            recorded = try Safetensors(decoding: [UInt8](Data(contentsOf: url)), name: "layers")
            self.name = name
            seed = UInt64(try #require(LayerTests.cases.firstIndex(of: name)))
            clips = try #require(recorded["\(name).features"]).values.count / a.trunkChannels
            parameters = Parameters(a)
            for slice in parameters.layout.trained {
                let isVector = slice.shape.count == 1
                let spread = isVector ? 0.3 : 1.7 / Double(slice.count / slice.shape[0]).squareRoot()
                var middle = 0.0
                if case .constant(let value) = slice.initialisation { middle = Double(value) }
                let key = UInt64(Self.checksum(slice.name))
                for (offset, value) in zip(slice.range, Self.draw(slice.count, seed, key)) {
                    parameters.buffer.pointer[offset] = Float(middle + spread * value)
                }
            }
        }

        /// Numbers in −1...1.
        private static func draw(_ count: Int, _ seed: UInt64, _ key: UInt64) -> [Double] {
            var random = CounterRandom(seed, key)
            return (0..<count).map { _ in 2 * random.nextUnit() - 1 }
        }

        /// CRC-32, as zlib has it.
        private static func checksum(_ text: String) -> UInt32 {
            ~text.utf8.reduce(~0) { sum, byte in
                (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1) * 0xEDB8_8320 }
            }
        }

        func values(_ tensor: String) throws -> [Float] {
            try #require(recorded["\(name).\(tensor)"], "\(name).\(tensor) is not recorded").values
        }

        /// dL/dfeatures.
        var incoming: [Float] {
            Self.draw(clips * parameters.architecture.trunkChannels, seed, 3).map { Float($0) }
        }

        func backbone() -> Backbone {
            let a = parameters.architecture
            let backbone = Backbone(a, clips: clips)
            let (melCount, waveCount) = (a.melBands * a.frames, a.usesWave ? a.waveSamples : 0)
            let mel = Self.draw(clips * melCount, seed, 2).map { Float(-20 + 20 * $0) }
            let wave = Self.draw(clips * waveCount, seed, 1).map { Float(0.5 * $0) }
            for clip in 0..<clips {
                backbone.load(
                    clip, logMel: Array(mel[clip * melCount..<(clip + 1) * melCount]),
                    wave: Array(wave[clip * waveCount..<(clip + 1) * waveCount]))
            }
            return backbone
        }

        /// Σ features·incoming at other weights.
        func loss(_ backbone: Backbone, _ parameters: Parameters, _ incoming: [Float]) -> Double {
            let statistics = FloatBuffer(count: parameters.layout.count)
            let features = backbone.forward(parameters, statistics: statistics)
            return zip(features, incoming).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
    }

    @Test(arguments: cases)
    func computesWhatPyTorchComputes(name: String) throws {
        let example = try Case(name)
        let layout = example.parameters.layout
        let backbone = example.backbone()
        let gradient = FloatBuffer(count: layout.count)
        let features = backbone.forward(example.parameters, statistics: gradient)
        #expect(distance(features, try example.values("features")) < 1e-5)
        for slice in layout.statistics { (gradient.pointer + slice.offset).update(repeating: 0, count: slice.count) }
        let incoming = example.incoming
        backbone.backward(example.parameters, featureGradient: incoming, gradient: gradient)
        let largest = gradient.values.lazy.map(abs).max() ?? 0
        for slice in layout.trained {
            guard let expected = example.recorded["\(name).grad.\(slice.name)"]?.values else { continue }
            let values = UnsafeBufferPointer(start: gradient.pointer + slice.offset, count: slice.count)
            // Shifts before another batch norm are zero in exact arithmetic: there is nothing to be relative to.
            let isZero = (expected.lazy.map(abs).max() ?? 0) < 1e-6 * largest
            let far = isZero ? (values.lazy.map(abs).max() ?? 0) / largest : distance(values, expected)
            #expect(far < 1e-4, "gradient of \(slice.name): \(far)")
        }

        // Forth and back once more: the same gradient is added, bit for bit nothing else.
        let once = gradient.values
        _ = backbone.forward(example.parameters, statistics: FloatBuffer(count: layout.count))
        backbone.backward(example.parameters, featureGradient: incoming, gradient: gradient)
        for slice in layout.trained {
            let values = UnsafeBufferPointer(start: gradient.pointer + slice.offset, count: slice.count)
            #expect(distance(values, slice.range.map { 2 * once[$0] }) < 1e-5, "\(slice.name) twice")
        }
    }

    /// The slopes along eight random directions through each tensor are what the gradient says.
    ///
    /// Their distance is taken over all eight: where a way crosses the kink of an activation or a pool its slope is no
    /// derivative, and TFgram's small pools have many.
    @Test(arguments: ["one", "seven", "eight", "nine"])
    func agreesWithCentralDifferences(name: String) throws {
        let example = try Case(name)
        let layout = example.parameters.layout
        let backbone = example.backbone()
        let incoming = example.incoming
        let gradient = FloatBuffer(count: layout.count)
        _ = backbone.forward(example.parameters, statistics: gradient)
        for slice in layout.statistics { (gradient.pointer + slice.offset).update(repeating: 0, count: slice.count) }
        backbone.backward(example.parameters, featureGradient: incoming, gradient: gradient)
        var random = CounterRandom(17)
        let largest = gradient.values.lazy.map { Double(abs($0)) }.max() ?? 0
        for slice in layout.trained where example.recorded["\(name).grad.\(slice.name)"] != nil {
            let weights = slice.range.map { Double(abs(example.parameters.buffer.pointer[$0])) }
            let step = 2e-4 * max(weights.max() ?? 0, 0.1)
            func moved(_ direction: [Float], _ sign: Float) -> Double {
                let other = example.parameters.copy()
                for (index, value) in direction.enumerated() {
                    other.buffer.pointer[slice.offset + index] += sign * value
                }
                return example.loss(backbone, other, incoming)
            }
            var (apart, whole) = (0.0, 0.0)
            for _ in 0..<8 {
                let direction = slice.range.map { _ in Float(random.nextUnit() < 0.5 ? -step : step) }
                let slope = (moved(direction, 1) - moved(direction, -1)) / 2
                let expected = zip(slice.range, direction).reduce(0) {
                    $0 + Double(gradient.pointer[$1.0]) * Double($1.1)
                }
                apart += (slope - expected) * (slope - expected)
                whole += expected * expected
            }
            let allowed = example.parameters.architecture.channels.contains(.tfgram) ? 0.1 : 0.03
            let noise = 2e-3 * step * largest
            #expect(
                (apart / 8).squareRoot() < allowed * (whole / 8).squareRoot() + noise,
                "seed 17, \(slice.name): \((apart / whole).squareRoot()) apart")
        }
    }
}
