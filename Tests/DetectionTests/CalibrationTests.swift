import Detection
import Networks
import Testing

@Suite struct CalibrationTests {
    private let scores = (1...99).map(Double.init).reversed()

    /// k = ⌈(n + 1)(1 − α)⌉ of n = 99.
    @Test(arguments: [(0.05, 95.0), (0.01, 99), (0.5, 50), (0.015, 99), (0.999, 1)])
    func conformalThresholdIsAnOrderStatistic(_ rate: Double, _ expected: Double) throws {
        let calibration = try Calibration(heldOutScores: Array(scores), falseAlarmRate: rate)
        #expect(calibration.threshold == expected)
        #expect(calibration.clipCount == 99)
    }

    /// With n clips nothing below 1/(n + 1) is honest.
    @Test func unsupportedRatesAreRefused() throws {
        let error = #expect(throws: ModelError.self) {
            try Calibration(heldOutScores: Array(scores), falseAlarmRate: 0.009)
        }
        #expect(error?.code == .tooFewClips)
        #expect(error?.reason.contains("111") == true)
        #expect(try Calibration(heldOutScores: Array(scores), falseAlarmRate: 0.01).threshold == 99)
        #expect(try Calibration(heldOutScores: Array((1...19).map(Double.init))).threshold == 19)
        #expect(throws: ModelError.self) { try Calibration(heldOutScores: Array((1...18).map(Double.init))) }
        for rate in [0, 1, -0.1, .nan] {
            #expect(throws: ModelError.self) { try Calibration(heldOutScores: Array(scores), falseAlarmRate: rate) }
        }
    }

    @Test func fewClipsRaiseTheRate() throws {
        let calibration = try Calibration(supportedBy: [3, 1, 2])
        #expect(calibration.falseAlarmRate == 0.25)
        #expect(calibration.threshold == 3)
    }

    /// On 99 scores 1...99: position 98·(1 − α) between two of them, as NumPy interpolates.
    @Test(arguments: [(0.05, 94.1), (0.5, 50), (0.01, 98.02)])
    func empiricalThresholdIsInterpolated(_ rate: Double, _ expected: Double) throws {
        let calibration = try Calibration(heldOutScores: Array(scores), falseAlarmRate: rate, method: .empirical)
        #expect(abs(calibration.threshold - expected) < 1e-9)
        #expect(abs(calibration.falseAlarms(perDayOf: 8640) - 8640 * rate) < 1e-9)
        #expect(throws: ModelError.self) {
            try Calibration(heldOutScores: Array(scores), falseAlarmRate: 0.009, method: .empirical)
        }
    }

    @Test func filesAreCalibratedMachineByMachine() throws {
        let model = try SmallModel.make()
        let fan = SmallModel.machines[0]
        let file = try model.file.calibrated(by: [fan: Array(scores)], falseAlarmRate: 0.05, method: .conformal)
        #expect(file.calibration[fan]?.threshold == 95 && file.calibration.count == 1)
        #expect(file.weightsHash == model.file.weightsHash)
        let few = #expect(throws: ModelError.self) {
            try model.file.calibrated(by: [fan: [1, 2]], falseAlarmRate: 0.05, method: .gamma)
        }
        #expect(few?.code == .tooFewClips && few?.reason.contains("fan/id_00") == true)
    }

    @Test func gammaShares() throws {
        let rows = try #require(try Fixture.load()["gamma.share"]).doubles
        for row in stride(from: 0, to: rows.count, by: 3) {
            let share = GammaDistribution.lowerShare(shape: rows[row], of: rows[row + 1])
            #expect(abs(share - rows[row + 2]) < 1e-12, "P(\(rows[row]), \(rows[row + 1]))")
        }
    }

    @Test func gammaQuantiles() throws {
        let fixture = try Fixture.load()
        let sample = try #require(fixture["gamma.sample"]).doubles
        let expected = try #require(fixture["gamma.quantiles"]).doubles
        let distribution = GammaDistribution(momentsOf: sample)
        for (share, value) in zip([0.5, 0.9, 0.99], expected) {
            #expect(abs(distribution.quantile(share) - value) < 1e-9)
        }
        let calibration = try Calibration(heldOutScores: sample, falseAlarmRate: 0.1, method: .gamma)
        #expect(abs(calibration.threshold - expected[1]) < 1e-9)
    }

    @Test func symmetricScoresGiveAlmostANormalDistribution() {
        let quantile = GammaDistribution(momentsOf: [-2, -1, 0, 1, 2]).quantile(0.975)
        #expect((2.7...2.95).contains(quantile))
        #expect(GammaDistribution(momentsOf: [5, 5]).quantile(0.9) == 5)
    }
}
