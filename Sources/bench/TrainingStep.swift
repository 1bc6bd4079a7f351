import Foundation
import Networks
import Tensors

/// A training step on noise, with all that a step takes: forth, losses, back, optimiser.
///
/// The tail needs every clip's features before any shard can go back; so each shard's activations wait, as in a worker.
final class TrainingStep: @unchecked Sendable {  // Each thread has shards and a gradient of its own.
    private let parameters: Parameters
    /// One per shard.
    private let backbones: [Backbone]
    /// One per thread.
    private let gradients: [FloatBuffer]
    private let tail: Tail
    private let moments: AdamW.Moments
    private let targets: Tail.Targets
    private let clips: [(logMel: [Float], wave: [Float])]

    /// - Parameters:
    ///   - count: clips of a step.
    ///   - shards: into how many equal parts the backbone's work is cut.
    init(_ parameters: Parameters, clips count: Int, shards: Int, threads: Int, _ noise: NoiseClips) {
        let a = parameters.architecture
        precondition(count % shards == 0, "\(count) clips in \(shards) shards")
        self.parameters = parameters
        var backbones: [Backbone] = []
        for shard in 0..<shards {
            // The shards of one thread share their room.
            let room = shard < threads ? nil : backbones[shard - threads].room
            backbones.append(Backbone(a, clips: count / shards, room: room))
        }
        self.backbones = backbones
        gradients = (0..<threads).map { _ in FloatBuffer(count: parameters.layout.count) }
        tail = Tail(a, clips: count)
        moments = AdamW.Moments(parameters.layout)
        let labels = (0..<count).map { $0 % a.classes }
        targets = Tail.Targets(
            labels: labels, mixedLabels: labels.reversed(), shares: [Float](repeating: 0.4, count: count))
        let all = (0..<count).map { (logMel: noise.logMel(shifted: $0), wave: noise.wave(shifted: $0)) }
        clips = all.indices.map { index in
            let partner = all[count - 1 - index]
            func mixed(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { 0.4 * $0 + 0.6 * $1 } }
            return (mixed(all[index].logMel, partner.logMel), mixed(all[index].wave, partner.wave))
        }
    }

    /// Returns the loss.
    func run() -> Double {
        let (shards, threads) = (backbones.count, gradients.count)
        let shardLength = clips.count / shards * parameters.architecture.trunkChannels
        for gradient in gradients { gradient.zero() }
        let features = Results(count: shards)
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for shard in stride(from: thread, to: shards, by: threads) {
                features[shard] = forth(shard, statistics: gradients[thread])
            }
        }
        let all = (0..<shards).flatMap { features[$0] }
        let outcome = tail.step(parameters, features: all, targets: targets, gradient: gradients[0])
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for shard in stride(from: thread, to: shards, by: threads) {
                let range = shard * shardLength..<(shard + 1) * shardLength
                backbones[shard].backward(
                    parameters, featureGradient: Array(outcome.featureGradient[range]), gradient: gradients[thread])
            }
        }
        for gradient in gradients.dropFirst() {
            for index in 0..<gradient.count { gradients[0].pointer[index] += gradient.pointer[index] }
        }
        AdamW().step(parameters, gradient: gradients[0], moments: moments, learningRate: 1e-4)
        parameters.follow(statistics: gradients[0])
        return outcome.loss
    }

    private func forth(_ shard: Int, statistics: FloatBuffer) -> [Float] {
        let backbone = backbones[shard]
        for clip in 0..<backbone.clips {
            let (logMel, wave) = clips[shard * backbone.clips + clip]
            backbone.load(clip, logMel: logMel, wave: wave)
        }
        return backbone.forward(parameters, statistics: statistics)
    }

    /// One slot per shard, each written by one thread.
    ///
    /// All are read after the threads have joined.
    private final class Results: @unchecked Sendable {  // Slots are disjoint.
        private let slots: UnsafeMutableBufferPointer<[Float]>

        init(count: Int) {
            slots = .allocate(capacity: count)
            slots.initialize(repeating: [])
        }

        deinit { slots.deinitialize().deallocate() }

        subscript(index: Int) -> [Float] {
            get { slots[index] }
            set { slots[index] = newValue }
        }
    }
}
