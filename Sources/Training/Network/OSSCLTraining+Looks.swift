internal import Networks
internal import Wire

// Reads what workers found when they looked at clips, if it has the shape it should.

extension OSSCLTraining {
    /// What a survey shard found, one entry per clip.
    func surveyed(_ output: [UInt8], _ index: Int) throws(WireError) -> [ClipOutcome<SurveyShard.Output.Extent>] {
        let found = try SurveyShard.Output(decoding: output).clips
        try check(found.count, of: clips.count, index)
        return found
    }

    /// What a measure shard found, one entry per clip.
    func measured(_ output: [UInt8], _ index: Int) throws(WireError) -> [ClipOutcome<MeasureShard.Output.Measures>] {
        guard let course else { preconditionFailure("measures before the survey") }
        let found = try MeasureShard.Output(decoding: output).clips
        let all = (phase == .measurement ? course.training.count : 0) + course.heldBack.count
        try check(found.count, of: all, index)
        for case .done(let measures) in found {
            guard measures.logOdds.isFinite, measures.centreDistance.isFinite,
                measures.embedding.count == course.architecture.embeddingSize,
                measures.embedding.allSatisfy(\.isFinite), measures.timeStatistics.allSatisfy(\.isFinite)
            else { throw WireError(.wrongOutput, "measures that are not finite or of another network") }
        }
        return found
    }

    private func check(_ found: Int, of all: Int, _ index: Int) throws(WireError) {
        let expected = min(Self.lookingShard, all - index * Self.lookingShard)
        guard found == expected else { throw WireError(.wrongOutput, "\(found) entries for \(expected) clips") }
    }
}
