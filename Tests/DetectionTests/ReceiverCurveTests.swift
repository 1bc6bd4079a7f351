import Detection
import Networks
import Testing

@Suite struct ReceiverCurveTests {
    private let normal = [0.1, 0.2, 0.2, 0.3, 0.35, 0.4, 0.5, 0.5, 0.6, 0.65, 0.7, 0.9]
    private let anomalous = [0.3, 0.5, 0.55, 0.65, 0.8, 0.85, 0.95, 1.0]

    @Test func knownVector() throws {
        let curve = try #require(ReceiverCurve(normal: normal, anomalous: anomalous))
        #expect(abs(curve.auc - 0.770_833_3) < 1e-7)
        #expect(abs(curve.pauc() - 0.627_193_0) < 1e-7)
        #expect(curve.normalCount == 12 && curve.anomalousCount == 8)
    }

    /// AUC and pAUC to 0.1 and 0.25 of scores with ties, without, of a single anomaly and all equal.
    @Test(arguments: 0..<4) func recordedCases(_ number: Int) throws {
        let fixture = try Fixture.load()
        let normal = try #require(fixture["metrics.\(number).normal"]).doubles
        let anomalous = try #require(fixture["metrics.\(number).anomalous"]).doubles
        let expected = try #require(fixture["metrics.\(number).expected"]).doubles
        let curve = try #require(ReceiverCurve(normal: normal, anomalous: anomalous))
        #expect(abs(curve.auc - expected[0]) < 1e-12)
        #expect(abs(curve.pauc() - expected[1]) < 1e-12)
        #expect(abs(curve.pauc(maximumFalseAlarmRate: 0.25) - expected[2]) < 1e-12)
    }

    @Test func fullPartialAreaIsTheArea() throws {
        let curve = try #require(ReceiverCurve(normal: normal, anomalous: anomalous))
        #expect(abs(curve.pauc(maximumFalseAlarmRate: 1) - curve.auc) < 1e-15)
    }

    @Test func undefinedWithoutBothKinds() {
        #expect(ReceiverCurve(normal: [1], anomalous: []) == nil)
        #expect(ReceiverCurve(normal: [], anomalous: [1]) == nil)
        #expect(ReceiverCurve(normal: [1, .nan], anomalous: [1]) == nil)
        #expect(ReceiverCurve(normal: [1], anomalous: [.infinity])?.auc == 1)
    }

    /// The interval of a proportion-like statistic: it holds the value, repeats itself, and narrows with √n.
    @Test func intervals() throws {
        let curve = try #require(ReceiverCurve(normal: normal, anomalous: anomalous))
        let interval = curve.interval { $0.auc }
        #expect(interval.contains(curve.auc))
        #expect(interval == curve.interval { $0.auc })
        #expect(interval != curve.interval(seed: 2) { $0.auc })
        let many = try #require(
            ReceiverCurve(
                normal: Array(repeatElement(normal, count: 16).joined()),
                anomalous: Array(repeatElement(anomalous, count: 16).joined())))
        let narrower = many.interval { $0.auc }
        let ratio = (interval.upperBound - interval.lowerBound) / (narrower.upperBound - narrower.lowerBound)
        #expect((3...5).contains(ratio))
    }
}
