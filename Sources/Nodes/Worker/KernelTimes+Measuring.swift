package import Networks
internal import Tensors
package import Training

extension KernelTimes {
    /// Takes the time of the real network on noise, on one core: the median of three, after one that warms up.
    ///
    /// - Parameters:
    ///   - batch: clips of a step.
    ///   - shard: clips of a shard.
    ///   - teaches: the averaged network hears every shard too.
    package static func measured(
        _ architecture: Architecture, batch: Int, shard: Int, teaches: Bool = false
    ) -> KernelTimes {
        let parameters = Parameters(architecture, seed: 1)
        let gradient = FloatBuffer(count: parameters.layout.count)
        var random = CounterRandom(1)
        let backbone = Backbone(architecture, clips: shard)
        let logMel = (0..<architecture.melBands * architecture.frames).map { _ in Float(10 * random.nextNormal() - 40) }
        let wave =
            architecture.usesWave ? (0..<architecture.waveSamples).map { _ in Float(0.1 * random.nextNormal()) } : []
        for clip in 0..<shard { backbone.load(clip, logMel: logMel, wave: wave) }
        let teacher = FoldedNetwork(parameters)
        let scratch = FoldedNetwork.Scratch(architecture)
        let slope = (0..<shard * architecture.trunkChannels).map { _ in Float(random.nextNormal()) }
        let shardSeconds = median {
            _ = backbone.forward(parameters, statistics: gradient)
            backbone.backward(parameters, featureGradient: slope, gradient: gradient)
            for _ in 0..<(teaches ? shard : 0) { _ = teacher.hear(logMel: logMel, wave: wave, scratch: scratch) }
        }
        let labels = (0..<batch).map { $0 % architecture.classes }
        let targets = Tail.Targets(labels: labels, mixedLabels: labels.reversed(), shares: labels.map { _ in 0.4 })
        let features = (0..<batch * architecture.trunkChannels).map { _ in Float(random.nextNormal()) }
        let tail = Tail(architecture, clips: batch)
        let tailSeconds = median { _ = tail.step(parameters, features: features, targets: targets, gradient: gradient) }
        let sum = FloatBuffer(count: gradient.count)
        let sumSeconds = median { for index in 0..<sum.count { sum.pointer[index] += gradient.pointer[index] } }
        let moments = AdamW.Moments(parameters.layout)
        let optimiserSeconds = median {
            AdamW().step(parameters, gradient: gradient, moments: moments, learningRate: 1e-4)
        }
        return KernelTimes(shard: shardSeconds, tail: tailSeconds, sum: sumSeconds, optimiser: optimiserSeconds)
    }

    private static func median(_ body: () -> Void) -> Double {
        body()
        return (0..<3).map { _ in ContinuousClock().measure(body) / .seconds(1) }.sorted()[1]
    }
}
