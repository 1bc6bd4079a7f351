import Networks

/// The golden step in exact arithmetic, and how far from it float32 may be; `peers/golden.py` says how it was found.
struct GoldenTruth {
    let file: Safetensors

    func values(_ name: String) -> [Float] { file[name]?.values ?? [] }

    /// How far the record lies from the truth, relative to the truth's largest value.
    func recordDistance(_ name: String, _ index: Int = 0) -> Double { distance("record", name, index) }

    /// The farthest that PyTorch's float32 runs, or exact runs with weights moved by half their last place, lie from it.
    func floatDistance(_ name: String, _ index: Int = 0) -> Double {
        max(distance("torch", name, index), distance("moved", name, index))
    }

    func distance(_ prefix: String, _ name: String, _ index: Int = 0) -> Double {
        let values = file["\(prefix).\(name)"]?.values ?? []
        return values.indices.contains(index) ? Double(values[index]) : 0
    }
}

extension GoldenReport {
    /// Losses and gradients of our step against the truth.
    mutating func checkTruth(_ step: GoldenStep, _ truth: GoldenTruth) {
        let exact = truth.values("loss")
        for (index, name) in GoldenStep.lossNames.enumerated() where index < exact.count {
            let allowed = max(1e-5, truth.recordDistance("loss", index), truth.floatDistance("loss", index))
            compare("truth.\(name)", [Float(step.losses[index])], [exact[index]], within: allowed)
        }
        var (worst, worstName, excess): (Double, String, Double) = (0, "", 0)
        var beyond = (ours: 0, record: 0, torch: 0, moved: 0)
        let slices = step.layout.trained.filter { !GoldenStep.isStructurallyZero($0.name) }
        for slice in slices {
            let name = "grad.\(slice.name)"
            let distance = step.distance(of: slice, from: truth.values(name))
            beyond.ours += distance > 1e-3 ? 1 : 0
            beyond.record += truth.recordDistance(name) > 1e-3 ? 1 : 0
            beyond.torch += truth.distance("torch", name) > 1e-3 ? 1 : 0
            beyond.moved += truth.distance("moved", name) > 1e-3 ? 1 : 0
            if distance > worst { (worst, worstName) = (distance, slice.name) }
            excess = max(excess, distance / (1e-3 + max(truth.recordDistance(name), truth.floatDistance(name))))
        }
        note(
            "truth.gradients beyond 1e-3 of \(slices.count): ours \(beyond.ours), the record \(beyond.record), PyTorch's "
                + "float32 \(beyond.torch), exact with moved weights \(beyond.moved); our worst \(worstName)", worst)
        compare("truth.gradients, as a share of what float32 may be off", absolute: excess, within: 1)
    }
}
