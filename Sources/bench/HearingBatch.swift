import Foundation
import Networks

/// A batch of noise that some threads hear clip by clip.
final class HearingBatch: @unchecked Sendable {  // Each thread has a scratch of its own; nothing else is written to.
    private let network: FoldedNetwork
    private let scratches: [FoldedNetwork.Scratch]
    private let clips: [(logMel: [Float], wave: [Float])]

    init(_ parameters: Parameters, clips count: Int, threads: Int, _ noise: NoiseClips) {
        network = FoldedNetwork(parameters)
        scratches = (0..<threads).map { _ in FoldedNetwork.Scratch(parameters.architecture) }
        clips = (0..<count).map { (noise.logMel(shifted: $0), noise.wave(shifted: $0)) }
    }

    /// What the network makes of the first clip.
    var embedding: [Float] {
        network.hear(logMel: clips[0].logMel, wave: clips[0].wave, scratch: scratches[0]).embedding
    }

    func run() {
        DispatchQueue.concurrentPerform(iterations: scratches.count) { thread in
            for clip in stride(from: thread, to: clips.count, by: scratches.count) {
                _ = network.hear(logMel: clips[clip].logMel, wave: clips[clip].wave, scratch: scratches[thread])
            }
        }
    }
}
