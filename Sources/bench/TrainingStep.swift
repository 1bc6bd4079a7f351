import Foundation
import Networks
import Tensors

/// A training step on noise, with all that a step takes: forth, losses, back, optimiser.
final class TrainingStep: @unchecked Sendable {  // Each thread has a backbone and a gradient of its own.
    private let parameters: Parameters
    private let backbones: [Backbone]
    private let gradients: [FloatBuffer]
    private let tail: Tail
    private let moments: AdamW.Moments
    private let targets: Tail.Targets
    private let clips: [(logMel: [Float], wave: [Float])]
    private let shards: Int

    /// - Parameters:
    ///   - count: clips of a step.
    ///   - shards: into how many equal parts the backbone's work is cut.
    init(_ parameters: Parameters, clips count: Int, shards: Int, threads: Int, _ noise: NoiseClips) {
        let a = parameters.architecture
        precondition(count % shards == 0, "\(count) clips in \(shards) shards")
        self.parameters = parameters
        self.shards = shards
        backbones = (0..<threads).map { _ in Backbone(a, clips: count / shards) }
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
    ///
    /// The tail needs every clip's features before any shard can go back. A thread that has several shards therefore goes
    /// forth twice: first for the features, then, shard by shard, with its way back.
    func run() -> Double {
        let perShard = clips.count / shards
        let (trunk, keeps) = (parameters.architecture.trunkChannels, shards <= backbones.count)
        for gradient in gradients { gradient.zero() }
        let features = Results(count: shards)
        DispatchQueue.concurrentPerform(iterations: backbones.count) { thread in
            for shard in stride(from: thread, to: shards, by: backbones.count) {
                features[shard] = forth(shard, thread, perShard)
            }
        }
        let all = (0..<shards).flatMap { features[$0] }
        let outcome = tail.step(parameters, features: all, targets: targets, gradient: gradients[0])
        DispatchQueue.concurrentPerform(iterations: backbones.count) { thread in
            for shard in stride(from: thread, to: shards, by: backbones.count) {
                if !keeps { _ = forth(shard, thread, perShard) }
                let range = shard * perShard * trunk..<(shard + 1) * perShard * trunk
                backbones[thread].backward(
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

    private func forth(_ shard: Int, _ thread: Int, _ perShard: Int) -> [Float] {
        for clip in 0..<perShard {
            let (logMel, wave) = clips[shard * perShard + clip]
            backbones[thread].load(clip, logMel: logMel, wave: wave)
        }
        return backbones[thread].forward(parameters, statistics: gradients[thread])
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
