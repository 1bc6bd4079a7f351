import Detection
import Tensors
import Testing

@Suite struct PairedComparisonTests {
    /// Forty normal and forty anomalous clips; the second model hears the same noise and a larger offset.
    private func clips(gain: Double) -> [PairedComparison.Clip] {
        var random = CounterRandom(3)
        return (0..<80).map { index in
            let noise = random.nextNormal()
            let offset = index < 40 ? 0 : 1.0
            return .init(isAnomaly: index >= 40, first: noise + offset, second: noise + gain * offset)
        }
    }

    @Test func equalModelsDoNotDiffer() throws {
        let comparison = try #require(PairedComparison(of: clips(gain: 1)))
        #expect(comparison.difference == 0 && comparison.interval == 0...0)
    }

    /// Both models share the clips' difficulty, so the paired interval leaves out zero where two single ones overlap.
    @Test func pairingSeesSmallGains() throws {
        let clips = clips(gain: 1.3)
        let comparison = try #require(PairedComparison(of: clips))
        func curve(_ score: KeyPath<PairedComparison.Clip, Double>) throws -> ReceiverCurve {
            try #require(
                ReceiverCurve(
                    normal: clips.filter { !$0.isAnomaly }.map { $0[keyPath: score] },
                    anomalous: clips.filter(\.isAnomaly).map { $0[keyPath: score] }))
        }
        let (first, second) = (try curve(\.first), try curve(\.second))
        #expect(comparison.firstAUC == first.auc && comparison.secondAUC == second.auc)
        #expect(comparison.interval.contains(comparison.difference))
        #expect(comparison.interval.lowerBound > 0)
        #expect(first.interval { $0.auc }.upperBound > second.interval { $0.auc }.lowerBound)
        #expect(comparison == PairedComparison(of: clips))
    }

    @Test func meansOverMachines() throws {
        let (one, other) = (
            try #require(PairedComparison(of: clips(gain: 1))), try #require(PairedComparison(of: clips(gain: 2)))
        )
        let mean = try #require(PairedComparison.mean([one, other]))
        #expect(abs(mean.difference - other.difference / 2) < 1e-12)
        #expect(abs(mean.interval.upperBound - other.interval.upperBound / 2) < 1e-12)
        #expect(PairedComparison.mean([]) == nil)
        #expect(PairedComparison(of: clips(gain: 1).filter(\.isAnomaly)) == nil)
    }
}
