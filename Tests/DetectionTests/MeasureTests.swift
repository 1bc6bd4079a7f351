import Detection
import Foundation
import Networks
import Testing

/// The small measures that scores are made of, against values worked out by hand.
@Suite struct MeasureTests {
    /// Clips at these degrees on a circle. Worked out with 1 − cos: the nearest to 75° is the one at 90°, which lies so far
    /// from its four nearest (0.585386 on average) that the distance of 0.034074 counts for little.
    @Test func distancesCountByHowDenseTheNeighbourhoodIs() {
        func unit(_ degrees: Double) -> [Float] { [Float(cos(degrees * .pi / 180)), Float(sin(degrees * .pi / 180))] }
        let bank = NeighbourBank(embeddings: [0, 10, 20, 30, 40, 90].flatMap(unit), size: 2)
        let outlier = bank.measure(unit(75))
        #expect(abs(outlier.nearest - 0.0340742) < 1e-6 && abs(outlier.score - 0.0582080) < 1e-6)
        // Among the dense ones half that distance is more.
        let inside = bank.measure(unit(55))
        #expect(abs(inside.nearest - 0.0340742) < 1e-6 && abs(inside.score - 0.3073700) < 1e-5)
    }

    @Test func aScaleHasThePopulationsDeviation() {
        let scale = StandardScale(of: [1, 2, 3, 4])
        #expect(scale.mean == 2.5 && abs(scale.deviation - 1.25.squareRoot()) < 1e-15)
        #expect(abs(scale.standardised(5) - 2.5 / 1.25.squareRoot()) < 1e-15)
        #expect(StandardScale(of: [7, 7]).standardised(7) == 0)
    }

    /// ln(e¹ + e²) − 3, and ln(1 + e to that).
    @Test func logOddsLeaveTheOwnClassOut() {
        let odds = Logits.logOdds([1, 2, 3], label: 2)
        #expect(abs(odds + 0.6867383) < 1e-6)
        #expect(abs(Logits.crossEntropy(logOdds: odds) - 0.4076059) < 1e-6)
        #expect(Logits.crossEntropy(logOdds: 100) == 100)
    }

    /// Of a thousand resamples 25 lie outside on either side.
    @Test func intervalsHoldNineteenOfTwenty() throws {
        let curve = try #require(ReceiverCurve(normal: [0, 1], anomalous: [1, 2]))
        var draw = 0.0
        let interval = curve.interval { _ in
            draw += 1
            return draw
        }
        #expect(interval == 26...975)
    }

    /// Against a model that hears nothing, whose area is always a half, the interval is that of the other one.
    @Test func theIntervalOfADifferenceIsAsWide() throws {
        let scores = (0..<60).map { Double($0 * 37 % 61) }
        let clips = scores.enumerated().map { index, score in
            PairedComparison.Clip(isAnomaly: index >= 30, first: 0, second: score + (index >= 30 ? 15 : 0))
        }
        let comparison = try #require(PairedComparison(of: clips))
        let curve = try #require(
            ReceiverCurve(
                normal: clips.filter { !$0.isAnomaly }.map(\.second),
                anomalous: clips.filter(\.isAnomaly).map(\.second)))
        let (paired, single) = (comparison.interval, curve.interval { $0.auc })
        let ratio = (paired.upperBound - paired.lowerBound) / (single.upperBound - single.lowerBound)
        #expect((0.92...1.08).contains(ratio), "with half as many left out it is 0.84")
    }
}
