import Foundation
import Networks
import Testing

/// The recorded small network: see `Fixtures/make_fixture.py`.
struct SmallNetwork {
    let architecture: Architecture
    let recorded: Safetensors
    let parameters: Parameters

    init() throws {
        var a = Architecture(channels: [.logMel, .tgram, .tfgram], classes: 5)
        (a.melBands, a.frames, a.waveSamples) = (16, 33, 1024)
        (a.stemChannels, a.trunkChannels, a.embeddingSize, a.hiddenSize) = (16, 32, 16, 16)
        a.stages = [
            Architecture.Stage(expansion: 2, channels: 16, repeats: 2),
            Architecture.Stage(expansion: 2, channels: 32, repeats: 1),
        ]
        (a.tgramKernel, a.tgramStride, a.tfgramChannels, a.tfgramSteps) = (64, 32, 16, 45)
        architecture = a
        let url = try #require(Bundle.module.url(forResource: "small-network", withExtension: "safetensors"))
        recorded = try Safetensors(decoding: [UInt8](Data(contentsOf: url)), name: "small-network")
        parameters = try Parameters(a, reading: recorded.tensors, file: "small-network")
    }

    func values(_ name: String) throws -> [Float] { try #require(recorded[name], "\(name) is not recorded").values }

    /// One clip's part of a recorded tensor.
    func clip(_ name: String, _ index: Int, count: Int) throws -> [Float] {
        Array(try values(name)[index * count..<(index + 1) * count])
    }

    func integers(_ name: String) throws -> [Int] { try values(name).map { Int($0) } }
}

/// The largest difference, relative to the largest expected value.
func distance(_ values: some Collection<Float>, _ expected: [Float]) -> Float {
    guard values.count == expected.count else { return .infinity }
    let largest = expected.lazy.map(abs).max() ?? 0
    return (zip(values, expected).lazy.map { abs($0 - $1) }.max() ?? 0) / max(largest, .leastNormalMagnitude)
}
