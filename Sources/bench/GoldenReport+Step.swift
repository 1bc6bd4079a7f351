import Networks
import Tensors

extension GoldenReport {
    /// One training step: losses, every gradient, the weights afterwards and their average.
    mutating func checkStep(_ parameters: Parameters, _ clips: Safetensors, _ recorded: Safetensors) {
        let a = parameters.architecture
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
        let gradient = FloatBuffer(count: parameters.layout.count)
        let features = backbone.forward(parameters, statistics: gradient)
        let targets = Tail.Targets(
            labels: labels, mixedLabels: partners.map { labels[$0] },
            shares: [Float](repeating: share, count: labels.count))
        let outcome = Tail(a, clips: labels.count).step(
            parameters, features: features, targets: targets, gradient: gradient)
        backbone.backward(parameters, featureGradient: outcome.featureGradient, gradient: gradient)

        compare("step.embedding", outcome.embeddings, recorded["embedding"]?.values ?? [], within: 1e-4)
        compare("step.logits", outcome.logits, recorded["logits"]?.values ?? [], within: 1e-4)
        let losses = recorded["loss"]?.values ?? []
        let computed = [outcome.loss, outcome.crossEntropy, outcome.contrastive]
        for (index, name) in ["loss", "cross-entropy", "contrastive"].enumerated() where index < losses.count {
            compare("step.\(name)", [Float(computed[index])], [losses[index]], within: 1e-5)
        }
        checkGradients(parameters.layout, gradient, recorded)
        checkWeights(parameters, gradient, recorded)
    }

    /// A gradient that is zero in exact arithmetic: the bias of a batch norm that feeds another through a 1×1 convolution.
    private func isStructurallyZero(_ name: String) -> Bool {
        name.hasSuffix(".conv.7.bias") || name == "mobilefacenet.linear7.bn.bias"
    }

    private mutating func checkGradients(_ layout: ParameterLayout, _ gradient: FloatBuffer, _ recorded: Safetensors) {
        var (worst, worstName, worstZero): (Double, String, Float) = (0, "", 0)
        var (worstLength, worstLengthName): (Double, String) = (0, "")
        var beyond = 0
        for slice in layout.trained {
            let values = Array(UnsafeBufferPointer(start: gradient.pointer + slice.offset, count: slice.count))
            let expected = recorded["grad.\(slice.name)"]?.values ?? []
            guard expected.count == values.count else {
                compare("step.gradient of \(slice.name) is not recorded", absolute: .infinity, within: 0)
                continue
            }
            let differences = zip(values, expected).map { Double($0 - $1) }
            let distance = differences.lazy.map(abs).max() ?? 0
            if isStructurallyZero(slice.name) {
                worstZero = max(worstZero, Float(distance))
                continue
            }
            let relative = distance / Double(expected.lazy.map(abs).max() ?? 0)
            let length = expected.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let relativeLength = differences.reduce(0) { $0 + $1 * $1 }.squareRoot() / length
            beyond += relative > 1e-3 ? 1 : 0
            if relative > worst { (worst, worstName) = (relative, slice.name) }
            if relativeLength > worstLength { (worstLength, worstLengthName) = (relativeLength, slice.name) }
        }
        compare("step.gradients, \(beyond) beyond, worst \(worstName)", absolute: Float(worst), within: 1e-3)
        compare("step.gradients by length, worst \(worstLengthName)", absolute: Float(worstLength), within: 1e-3)
        compare("step.gradients that are zero", absolute: worstZero, within: 1e-3)
    }

    private mutating func checkWeights(_ parameters: Parameters, _ gradient: FloatBuffer, _ recorded: Safetensors) {
        let live = parameters.copy()
        let average = parameters.copy()
        AdamW().step(live, gradient: gradient, moments: AdamW.Moments(live.layout), learningRate: 1e-4)
        live.follow(statistics: gradient)
        MovingAverage(rule: .published).update(average, with: live, step: 0)
        for (prefix, network) in [("after", live), ("ema", average)] {
            var (worst, worstName, beyond): (Float, String, Int) = (0, "", 0)
            for slice in live.layout.slices where !isStructurallyZero(slice.name) {
                guard let expected = recorded["\(prefix).\(slice.name)"]?.values else { continue }
                for (index, value) in expected.enumerated() {
                    let distance = abs(network.buffer.pointer[slice.offset + index] - value) / max(abs(value), 1)
                    beyond += distance > 1e-6 ? 1 : 0
                    if distance > worst { (worst, worstName) = (distance, slice.name) }
                }
            }
            compare("step.\(prefix), \(beyond) beyond, worst \(worstName)", absolute: worst, within: 1e-6)
        }
    }
}
