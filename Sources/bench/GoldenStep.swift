import Networks
import Tensors

/// Our training step on the recorded batch.
struct GoldenStep {
    static let lossNames = ["loss", "cross-entropy", "contrastive"]

    let parameters: Parameters
    let gradient: FloatBuffer
    let outcome: Tail.Outcome

    init(_ parameters: Parameters, _ clips: Safetensors, _ recorded: Safetensors) {
        let a = parameters.architecture
        self.parameters = parameters
        let labels = recorded["label"]?.values.map { Int($0) } ?? []
        let partners = recorded["partner"]?.values.map { Int($0) } ?? []
        let share = recorded["lam"]?.values.first ?? 0
        let backbone = Backbone(a, clips: labels.count)
        let (mel, wave) = (clips["mel"]?.values ?? [], clips["wave"]?.values ?? [])
        let (melCount, waveCount) = (a.melBands * a.frames, a.usesWave ? a.waveSamples : 0)
        for (clip, partner) in partners.enumerated() {
            func mixed(_ values: [Float], _ count: Int) -> [Float] {
                (0..<count).map { share * values[clip * count + $0] + (1 - share) * values[partner * count + $0] }
            }
            backbone.load(clip, logMel: mixed(mel, melCount), wave: mixed(wave, waveCount))
        }
        gradient = FloatBuffer(count: parameters.layout.count)
        let features = backbone.forward(parameters, statistics: gradient)
        let targets = Tail.Targets(
            labels: labels, mixedLabels: partners.map { labels[$0] },
            shares: [Float](repeating: share, count: labels.count))
        outcome = Tail(a, clips: labels.count).step(
            parameters, features: features, targets: targets, gradient: gradient)
        backbone.backward(parameters, featureGradient: outcome.featureGradient, gradient: gradient)
    }

    var layout: ParameterLayout { parameters.layout }
    var losses: [Double] { [outcome.loss, outcome.crossEntropy, outcome.contrastive] }

    func values(of slice: ParameterLayout.Slice) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: gradient.pointer + slice.offset, count: slice.count)
    }

    /// The largest difference of a gradient, relative to the largest expected value.
    func distance(of slice: ParameterLayout.Slice, from expected: [Float]) -> Double {
        guard expected.count == slice.count else { return .infinity }
        return absoluteDistance(of: slice, from: expected) / Double(expected.lazy.map(abs).max() ?? 0)
    }

    func absoluteDistance(of slice: ParameterLayout.Slice, from expected: [Float]) -> Double {
        zip(values(of: slice), expected).lazy.map { Double(abs($0 - $1)) }.max() ?? .infinity
    }

    /// A gradient that is zero in exact arithmetic: the bias of a batch norm that feeds another through a 1×1 convolution.
    static func isStructurallyZero(_ name: String) -> Bool {
        name.hasSuffix(".conv.7.bias") || name == "mobilefacenet.linear7.bn.bias"
    }
}
