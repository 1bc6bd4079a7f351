import Detection
import Networks
import Plant
import Spectra
import Testing

@Suite struct NetworkModelTests {
    private let fan = SmallModel.machines[0]

    /// What the listener says is what network and margin say by themselves.
    @Test(arguments: [[.logMel], [.logMel, .tgram, .tfgram]] as [[Architecture.Channel]])
    func scoresAreTheNetworks(_ channels: [Architecture.Channel]) throws {
        let model = try SmallModel.make(channels)
        let samples = SmallModel.samples(1)
        let score = try model.makeScorer().score(.samples(samples, sampleRateHz: 16_000), machine: fan)
        let network = FoldedNetwork(Parameters(SmallModel.architecture(channels), seed: 3))
        let hearing = network.hear(
            logMel: try LogMelExtractor(SmallModel.feature()).extract(samples, name: "clip").values,
            wave: channels.count > 1 ? samples : [], scratch: FoldedNetwork.Scratch(network.architecture))
        let logits = ArcFace().logits(hearing.cosines, label: 0)
        #expect(score.score == Double(Logits.logOdds(logits, label: 0)))
        #expect(score.logOdds == score.score && score.embedding == hearing.embedding)
        #expect(abs(try #require(score.crossEntropy) - Double(Logits.crossEntropy(logOdds: Float(score.score)))) < 1e-6)
        #expect(score.threshold == nil && score.neighbourDistance == nil && score.verdict == .normal)
    }

    @Test(arguments: ScoreRule.allCases) func rules(_ rule: ScoreRule) throws {
        let model = try SmallModel.calibrated(rule: rule)
        let listener = try model.makeListener()
        let m = try listener.measure(SmallModel.signal(7), machine: fan)
        let score = try listener.score(SmallModel.signal(7), machine: fan)
        let reference = try #require(model.references[fan])
        let bank = try #require(reference.bank).measure(m.embedding)
        let expected =
            switch rule {
            case .logOdds: m.logOdds
            case .crossEntropy: m.crossEntropy
            case .cosine: m.centreDistance
            case .neighbours: bank.score
            case .hybrid:
                try #require(reference.scales[.logOdds]).standardised(m.logOdds)
                    + #require(reference.scales[.density]).standardised(
                        #require(reference.value(.density, of: m)))
            }
        #expect(score.score == expected)
        #expect(score.logOdds == m.logOdds && score.neighbourDistance == bank.nearest)
        let calibration = try #require(model.calibration[fan])
        #expect(calibration.clipCount == 12 && score.threshold == calibration.threshold)
        #expect((score.verdict == .anomalous) == (expected > calibration.threshold))
    }

    /// Whatever rule a model was made with, another one gives it the scores and thresholds of a model made with that one.
    @Test(arguments: ScoreRule.allCases, [ScoreRule.logOdds, .hybrid])
    func theRuleCanBeChangedAfterwards(_ rule: ScoreRule, from first: ScoreRule) throws {
        let stored = try NetworkModel(ModelFile(decoding: SmallModel.calibrated(rule: first).file.encoded(), name: "m"))
        let changed = try stored.scoring(by: rule)
        #expect(try changed.file.encoded() == SmallModel.calibrated(rule: rule).file.encoded())
        #expect(changed.weightsHash == stored.weightsHash)
    }

    /// Without the scores of held-back clips the old threshold is dropped: it belongs to another scale.
    @Test func aThresholdDoesNotOutliveItsRule() throws {
        var model = try SmallModel.calibrated(rule: .logOdds)
        for machine in model.machines { model.references[machine]?.heldBackScores = [:] }
        #expect(model.calibration.count == 3)
        #expect(try model.scoring(by: .hybrid).calibration.isEmpty)
        #expect(try model.scoring(by: .logOdds).calibration.count == 3)
    }

    @Test(arguments: [ScoreRule.neighbours, .hybrid]) func rulesWithoutNormalClips(_ rule: ScoreRule) throws {
        let refused = #expect(throws: ModelError.self) { try SmallModel.make().scoring(by: rule) }
        #expect(refused?.code == .notCalibrated && refused?.reason.contains(rule.rawValue) == true)
        let error = #expect(throws: ModelError.self) {
            try SmallModel.make(rule: rule).makeScorer().score(SmallModel.signal(1), machine: fan)
        }
        #expect(error?.code == .notCalibrated)
    }

    /// The hybrid of held-back normal clips has mean zero: it is a sum of two standardised measures.
    @Test func hybridIsStandardised() throws {
        let model = try SmallModel.calibrated(rule: .hybrid)
        let listener = try model.makeListener()
        let scores = try (200..<212).map {
            try listener.score(SmallModel.signal($0, level: 0.05), machine: fan).score
        }
        #expect(abs(scores.reduce(0, +)) < 1e-9)
        #expect(scores.contains { $0 > 0.1 })
    }

    // MARK: Windows

    @Test func theWorstWindowCounts() throws {
        let short = try SmallModel.make(windowHop: 8).makeScorer()
        let whole = SmallModel.samples(5, count: 4096 + 20 * 128 + 50)
        // Windows begin at frames 0, 8, 16 and 20: the last ends with the clip.
        let windows = try [0, 8, 16, 20].map { start in
            try short.score(
                .samples(Array(whole[start * 128..<start * 128 + 4096]), sampleRateHz: 16_000), machine: fan)
        }
        let worst = try #require(windows.max { $0.score < $1.score })
        #expect(try short.score(.samples(whole, sampleRateHz: 16_000), machine: fan) == worst)
        let first = try SmallModel.make(windowHop: 0).makeScorer()
        #expect(try first.score(.samples(whole, sampleRateHz: 16_000), machine: fan) == windows[0])
        #expect(Set(windows.map(\.score)).count == 4)
    }

    @Test func logMelsAreCutLikeRecordings() throws {
        let model = try SmallModel.make(windowHop: 4)
        let scorer = try model.makeScorer()
        let feature = try SmallModel.feature()
        let logMel = try LogMelExtractor(feature).extract(SmallModel.samples(6), name: "clip")
        let score = try scorer.score(.logMel(logMel, feature), machine: fan)
        #expect(try scorer.score(SmallModel.signal(6), machine: fan) == score)
        var rows: [Float] = []
        for band in 0..<16 { rows += [-90, -90] + logMel.values[band * 33..<(band + 1) * 33] + [-90] }
        let padded = LogMel(melBands: 16, frames: 36, values: rows)
        let first = try SmallModel.make(windowHop: 0).makeScorer()
        let cut = LogMel(
            melBands: 16, frames: 33, values: (0..<16).flatMap { Array(rows[$0 * 36..<$0 * 36 + 33]) })
        #expect(
            try first.score(.logMel(padded, feature), machine: fan) == first.score(.logMel(cut, feature), machine: fan))
    }

    @Test func refusals() throws {
        let scorer = try SmallModel.make().makeScorer()
        let waveScorer = try SmallModel.make([.logMel, .tgram]).makeScorer()
        let feature = try SmallModel.feature()
        let short = LogMel(melBands: 16, frames: 32, values: Array(repeating: 0, count: 16 * 32))
        let right = LogMel(melBands: 16, frames: 33, values: Array(repeating: 0, count: 16 * 33))
        let stranger = try #require(MachineName("fan/id_04"))
        let cases: [(any Scorer, ClipSignal, MachineName, ModelError.Code)] = [
            (scorer, .samples(SmallModel.samples(1, count: 4095), sampleRateHz: 16_000), fan, .wrongLength),
            (scorer, .samples(SmallModel.samples(1), sampleRateHz: 8_000), fan, .otherFeature),
            (scorer, .logMel(short, feature), fan, .wrongLength),
            (scorer, .logMel(right, .method), fan, .otherFeature),
            (waveScorer, .logMel(right, feature), fan, .otherFeature),
            (scorer, SmallModel.signal(1), stranger, .unknownMachine),
        ]
        for (scorer, signal, machine, code) in cases {
            let error = #expect(throws: ModelError.self) { try scorer.score(signal, machine: machine) }
            #expect(error?.code == code)
        }
    }

    // MARK: Machines without a class

    /// The least standardised measure of the type's machines, where the type is open.
    @Test func strangersAreComparedWithTheirType() throws {
        var model = try SmallModel.calibrated(rule: .logOdds)
        let stranger = try #require(MachineName("fan/id_04"))
        let signal = SmallModel.signal(42)
        #expect(throws: ModelError.self) { try model.makeScorer().score(signal, machine: stranger) }
        model.openTypes = ["fan"]
        model = try NetworkModel(ModelFile(decoding: model.file.encoded(), name: "open"))
        let listener = try model.makeListener()
        let values = try SmallModel.machines.prefix(2).flatMap { machine in
            let m = try listener.measure(signal, machine: machine)
            return MachineReference.Measure.allCases.compactMap { model.references[machine]?.standardised($0, of: m) }
        }
        #expect(values.count == 6)
        let score = try listener.score(signal, machine: stranger)
        #expect(score.score == values.min())
        #expect(score.threshold == nil && score.verdict == .normal)
        let pump = try #require(MachineName("pump/id_04"))
        #expect(throws: ModelError.self) { try listener.score(signal, machine: pump) }
    }

    @Test func machinesWithoutClipsAreNamed() throws {
        let model = try SmallModel.make(rule: .hybrid)
        let (calibrated, leftOut) = model.calibrated(training: [], heldBack: [])
        #expect(leftOut.count == 3 && leftOut[0].machine.description == "fan/id_00")
        #expect(calibrated.calibration.isEmpty)
    }
}
