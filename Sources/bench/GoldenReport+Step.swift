import Networks
import Tensors

extension GoldenReport {
    /// One training step against the record: losses, every gradient, the weights afterwards and their average.
    ///
    /// Where the truth is known, a distance that the record's own distance from it explains is allowed.
    mutating func checkStep(_ step: GoldenStep, _ recorded: Safetensors, _ truth: GoldenTruth?) {
        compare("step.embedding", step.outcome.embeddings, recorded["embedding"]?.values ?? [], within: 1e-4)
        compare("step.logits", step.outcome.logits, recorded["logits"]?.values ?? [], within: 1e-4)
        let losses = recorded["loss"]?.values ?? []
        for (index, name) in GoldenStep.lossNames.enumerated() where index < losses.count {
            compare("step.\(name)", [Float(step.losses[index])], [losses[index]], within: 1e-5)
        }
        checkGradients(step, recorded, truth)
        checkWeights(step, recorded, truth)
        if let truth { checkTruth(step, truth) }
    }

    /// How far a gradient may be from the record, relative to the record's largest value.
    private func allowance(_ slice: ParameterLayout.Slice, _ truth: GoldenTruth?) -> Double {
        let name = "grad.\(slice.name)"
        return max(1e-3, truth.map { $0.recordDistance(name) + $0.floatDistance(name) } ?? 0)
    }

    /// How far the running statistics after the step may be from the record, relative to their largest value.
    private func statisticAllowance(_ slice: ParameterLayout.Slice, _ truth: GoldenTruth?) -> Double {
        let name = "after.\(slice.name)"
        return max(1e-6, truth.map { $0.recordDistance(name) + $0.floatDistance(name) } ?? 0)
    }

    private mutating func checkGradients(_ step: GoldenStep, _ recorded: Safetensors, _ truth: GoldenTruth?) {
        var (worst, worstName, excess): (Double, String, Double) = (0, "", 0)
        var (beyond, worstZero) = (0, 0.0)
        for slice in step.layout.trained {
            let expected = recorded["grad.\(slice.name)"]?.values ?? []
            if GoldenStep.isStructurallyZero(slice.name) {
                worstZero = max(worstZero, step.absoluteDistance(of: slice, from: expected))
                continue
            }
            let distance = step.distance(of: slice, from: expected)
            beyond += distance > 1e-3 ? 1 : 0
            if distance > worst { (worst, worstName) = (distance, slice.name) }
            excess = max(excess, distance / allowance(slice, truth))
        }
        note("step.gradients beyond 1e-3 of the record: \(beyond), worst \(worstName)", worst)
        compare("step.gradients, as a share of what is allowed", absolute: excess, within: 1)
        compare("step.gradients that are zero", absolute: worstZero, within: 1e-5)
    }

    /// Adam's first step has the length of the learning rate whatever the gradient's size: where the gradient is smaller
    /// than what it may be off, its sign is open and with it the direction of the step.
    private mutating func checkWeights(_ step: GoldenStep, _ recorded: Safetensors, _ truth: GoldenTruth?) {
        let rate = 1e-4
        let (live, average) = (step.parameters.copy(), step.parameters.copy())
        AdamW().step(live, gradient: step.gradient, moments: AdamW.Moments(live.layout), learningRate: rate)
        live.follow(statistics: step.gradient)
        MovingAverage(rule: .published).update(average, with: live, step: 0)
        for (prefix, network) in [("after", live), ("ema", average)] {
            var (worst, worstName, worstOpen, open): (Double, String, Double, Int) = (0, "", 0, 0)
            var excess = 0.0
            for slice in live.layout.statistics {
                guard let expected = recorded["\(prefix).\(slice.name)"]?.values else { continue }
                let values = UnsafeBufferPointer(start: network.buffer.pointer + slice.offset, count: slice.count)
                let distance = zip(values, expected).lazy.map { Double(abs($0 - $1)) }.max() ?? .infinity
                let relative = distance / Double(expected.lazy.map(abs).max() ?? 0)
                excess = max(excess, relative / statisticAllowance(slice, truth))
            }
            compare("step.\(prefix), statistics as a share of what is allowed", absolute: excess, within: 1)
            for slice in live.layout.trained where !GoldenStep.isStructurallyZero(slice.name) {
                guard let expected = recorded["\(prefix).\(slice.name)"]?.values else { continue }
                let gradient = recorded["grad.\(slice.name)"]?.values
                let least = Double(gradient?.lazy.map(abs).max() ?? 0) * allowance(slice, truth)
                for (index, value) in expected.enumerated() {
                    let distance =
                        Double(abs(network.buffer.pointer[slice.offset + index] - value)) / Double(max(abs(value), 1))
                    if let gradient, Double(abs(gradient[index])) <= least {
                        (open, worstOpen) = (open + 1, max(worstOpen, distance))
                    } else if distance > worst {
                        (worst, worstName) = (distance, slice.name)
                    }
                }
            }
            compare("step.\(prefix), worst \(worstName)", absolute: worst, within: 1e-6)
            compare("step.\(prefix), the \(open) weights with an open sign", absolute: worstOpen, within: 2.01 * rate)
        }
    }
}
