import Foundation
import Spectra
import Testing

/// The log-mel against numbers of the method, against librosa, and against its definition.
@Suite struct LogMelTests {
    private func expect(_ logMel: LogMel, band: Int, frame: Int, decibels: Float) {
        let value = logMel.values[band * logMel.frames + frame]
        #expect(abs(value - decibels) < 1e-4, "band \(band), frame \(frame)")
    }

    @Test func aSine() throws {
        let samples = (0..<160_000).map { Float(0.5 * sin(2 * Double.pi * 1000 * Double($0) / 16_000)) }
        let logMel = try LogMelExtractor().extract(samples, name: "sine")
        #expect(logMel.melBands == 128 && logMel.frames == 313)
        expect(logMel, band: 41, frame: 156, decibels: 30.2822)
        expect(logMel, band: 42, frame: 156, decibels: 34.7491)
        expect(logMel, band: 43, frame: 156, decibels: 17.6513)
        expect(logMel, band: 42, frame: 0, decibels: 30.8194)
        expect(logMel, band: 42, frame: 312, decibels: 33.3664)
        let middle = (0..<128).map { logMel.values[$0 * 313 + 156] }
        #expect(middle.firstIndex(of: middle.max() ?? 0) == 42)
    }

    @Test func anImpulse() throws {
        var samples = [Float](repeating: 0, count: 160_000)
        samples[80_000] = 1
        let logMel = try LogMelExtractor().extract(samples, name: "impulse")
        for (frame, decibels) in zip(155...158, [-19.1384, -9.2650, -12.1341, -37.3185] as [Float]) {
            expect(logMel, band: 0, frame: frame, decibels: decibels)
        }
        for frame in [0, 154, 159, 312] { #expect(logMel.values[frame] == -100) }
    }

    @Test func silenceLiesOnTheFloor() throws {
        let silence = [Float](repeating: 0, count: 5_000)
        let clamped = try LogMelExtractor().extract(silence, name: "silence")
        #expect(clamped.values.allSatisfy { $0 == -100 })
        let added = try LogMelExtractor(LogMelParameters(floor: .addEpsilon)).extract(silence, name: "silence")
        #expect(added.values.allSatisfy { abs($0 + 156.5356) < 1e-4 })
    }

    /// The same signal as `signal()` of `Fixtures/make_fixtures.py`.
    private func signal() -> [Float] {
        var state = 1
        return (0..<8000).map { index in
            state = (1_103_515_245 * state + 12_345) % (1 << 31)
            let noise = Double(state >> 16) / 32_768 - 0.5
            let hum = sin(2 * Double.pi * 100 * Double(index) / 16_000)
            return Float(noise * Double(index) / 8000 * 0.5 + 0.25 * hum)
        }
    }

    @Test func librosaComputesTheSame() throws {
        let parameters = try LogMelParameters(fftLength: 1024, padding: .reflect, floor: .addEpsilon)
        for (parameters, name) in [(.method, "2048-zero"), (parameters, "1024-reflect")] {
            let expected = try NumPyArray.read(try fixture("librosa-\(name).npy"), name: name)
            let found = try LogMelExtractor(parameters).extract(signal(), name: name)
            #expect(found.melBands == 128 && found.frames == expected.frames)
            let largest = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
            #expect(largest < 2e-5, "\(name): \(largest) dB")
        }
    }

    /// Lengths around the frame, hops that do not divide it, both paddings.
    @Test(arguments: [1, 7, 47, 48, 49, 313], LogMelParameters.Padding.allCases)
    func theDefinitionComputesTheSame(sampleCount: Int, padding: LogMelParameters.Padding) throws {
        let parameters = try LogMelParameters(fftLength: 48, hopLength: 7, melBands: 5, padding: padding)
        let samples = Array(signal()[..<sampleCount])
        guard padding == .zero || sampleCount > 24 else {
            let error = #expect(throws: SpectraError.self) {
                try LogMelExtractor(parameters).extract(samples, name: "short")
            }
            #expect(error?.code == .tooShort)
            return
        }
        let found = try LogMelExtractor(parameters).extract(samples, name: "short")
        let expected = try plainLogMel(samples, parameters)
        #expect(found.frames == 1 + sampleCount / 7)
        #expect(found.values.count == expected.count)
        for (value, expected) in zip(found.values, expected) { #expect(abs(value - expected) < 1e-4) }
    }

    @Test func anExtractorKeepsNothingOfAClip() throws {
        let extractor = try LogMelExtractor()
        let first = try extractor.extract(signal(), name: "first")
        _ = try extractor.extract([Float](repeating: 1, count: 300), name: "second")
        #expect(try extractor.extract(signal(), name: "first again") == first)
    }

    @Test func nothingCannotBeFramed() throws {
        let error = try #require(throws: SpectraError.self) { try LogMelExtractor().extract([], name: "clip.wav") }
        #expect(error.code == .tooShort)
        #expect(error.description.hasPrefix("clip.wav"))
    }
}

/// The plain twin of `LogMelExtractor`: its definition, term by term.
private func plainLogMel(_ samples: [Float], _ parameters: LogMelParameters) throws -> [Float] {
    let (length, last) = (parameters.fftLength, samples.count - 1)
    let bank = try MelBank(parameters)
    let frames = parameters.frameCount(sampleCount: samples.count)
    var result = [Float](repeating: 0, count: parameters.melBands * frames)
    for frame in 0..<frames {
        let windowed = (0..<length).map { index in
            var position = frame * parameters.hopLength - length / 2 + index
            if parameters.padding == .reflect {
                position = position < 0 ? -position : position > last ? 2 * last - position : position
            }
            let sample = samples.indices.contains(position) ? Double(samples[position]) : 0
            return sample * (0.5 - 0.5 * cos(2 * Double.pi * Double(index) / Double(length)))
        }
        let power = (0..<parameters.binCount).map { bin in
            let terms = windowed.enumerated().map { index, value in
                let angle = -2 * Double.pi * Double(bin * index % length) / Double(length)
                return SIMD2(value * cos(angle), value * sin(angle))
            }
            let sum = terms.reduce(SIMD2(0, 0), +)
            return sum.x * sum.x + sum.y * sum.y
        }
        for band in 0..<parameters.melBands {
            let weights = bank.weights[Int(bank.offsets[band])..<Int(bank.offsets[band + 1])]
            let bins = power[Int(bank.firstBins[band])...]
            let energy = zip(weights, bins).reduce(0.0) { $0 + Double($1.0) * $1.1 }
            result[band * frames + frame] = Float(10 * log10(max(energy, 1e-10)))
        }
    }
    return result
}
