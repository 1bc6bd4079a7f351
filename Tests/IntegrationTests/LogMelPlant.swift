import Foundation
import TestSupport

/// A dataset folder of small log-mel clips of two machines: a network of full width learns from them in seconds.
struct LogMelPlant {
    private static let (melBands, frames) = (32, 32)

    /// - Parameter clips: for training, of each machine.
    init(in directory: URL, clips: Int) throws {
        let folder = directory.appending(path: "fan/train")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let description =
            "{\"feature\":{\"kind\":\"log-mel\",\"sampleRateHz\":16000,\"fftLength\":1024,\"hopLength\":512,\"melBands\":\(Self.melBands),"
            + "\"padding\":\"reflect\"}}"
        try Data(description.utf8).write(to: directory.appending(path: "dataset.json"))
        var generator = SplitMix64(seed: 5)
        for machine in 0..<2 {
            for clip in 0..<clips {
                let values = (0..<Self.melBands * Self.frames).map { index in
                    Float(index / Self.frames % (7 + 5 * machine)) - 40 + Float.random(in: -2...2, using: &generator)
                }
                try Self.bytes(values).write(
                    to: folder.appending(path: "normal_id_0\(machine)_\(String(format: "%08d", clip)).npy"))
            }
        }
    }

    private static func bytes(_ values: [Float]) -> Data {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(melBands), \(frames)), }"
        header += String(repeating: " ", count: 128 - 10 - 1 - header.count) + "\n"
        return Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8))
            + values.withUnsafeBytes { Data($0) }
    }
}
