internal import Networks

extension RunSpecification {
    /// Throws with the first field that is out of its range, or does not go with another.
    func check() throws(RunSpecificationError) {
        try check("shard", shard, 1...4096)
        try check("batch", batch, 2...4096)
        try check("steps", steps, 1...10_000_000)
        try check("epochs", epochs, 1...10_000_000)
        try check("validationInterval", validationInterval, 1...10_000_000)
        try check("subCentres", subCentres, 1...16)
        try check("swa", swa, 1...10_000_000)
        try check("replicas", replicas, 1...256)
        try check("roundSteps", roundSteps, 1...100_000)
        try check("warmUpSteps", warmUpSteps, 0...10_000_000)
        try check("finishSteps", finishSteps, 0...10_000_000)
        try check("fixedNorms", fixedNorms, 0...1)
        try check("width", width, 0.25...4)
        try check("crop", crop, 0.2...3600)
        try check("teacherWeight", teacherWeight, 0...1000)
        if let falseAlarmRate, !(falseAlarmRate > 0 && falseAlarmRate < 1) {
            throw RunSpecificationError("a false-alarm rate of \(falseAlarmRate); choose one between 0 and 1")
        }
        if let learningRate, !(learningRate > 0 && learningRate <= 1) {
            throw RunSpecificationError("a learning rate of \(learningRate); choose one above 0 and at most 1")
        }
        if teacherWeight != nil, teacher != true {
            throw RunSpecificationError("teacherWeight is the weight of a teacher; choose one")
        }
        if let swa, let steps, swa > steps {
            throw RunSpecificationError("swa begins with step \(swa) of \(steps); choose an earlier one")
        }
        try checkReplicas()
    }

    /// What belongs to every single step has no place in rounds of many.
    private func checkReplicas() throws(RunSpecificationError) {
        guard mode == .local else { return }
        let single = [
            ("teacher", teacher == true), ("memoryPool", memoryPool == true),
            ("recipe published", recipe == .published),
            ("ema published", ema?.rule == .published),
        ]
        for (name, isAsked) in single where isAsked {
            throw RunSpecificationError("\(name) needs every step taken together; choose mode sync")
        }
    }

    private func check<Number: Comparable>(
        _ field: String, _ value: Number?, _ range: ClosedRange<Number>
    ) throws(RunSpecificationError) {
        guard let value, !range.contains(value) else { return }
        throw RunSpecificationError("\(field) is \(value); choose \(range.lowerBound) to \(range.upperBound)")
    }
}
