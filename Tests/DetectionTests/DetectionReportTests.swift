import Detection
import Plant
import Testing

@Suite struct DetectionReportTests {
    /// Two fans that are each perfect while their scores lie apart, a pump at chance, a valve without anomalies.
    private func clips() throws -> [DetectionReport.ScoredClip] {
        func scored(_ name: String, _ normal: [Double], _ anomalous: [Double]) throws -> [DetectionReport.ScoredClip] {
            let machine = try #require(MachineName(name))
            return normal.map { .init(machine: machine, isAnomaly: false, score: $0) }
                + anomalous.map { .init(machine: machine, isAnomaly: true, score: $0) }
        }
        return try scored("fan/id_02", [10, 11], [12, 13]) + scored("fan/id_00", [1, 2], [3, 4])
            + scored("pump/id_00", [1, 2], [1, 2]) + scored("valve/id_00", [1, 2], [])
    }

    @Test func meansPooledAndMinimum() throws {
        let report = DetectionReport(of: try clips())
        #expect(report.machines.map(\.name.description) == ["fan/id_00", "fan/id_02", "pump/id_00"])
        #expect(report.machines.map(\.auc) == [1, 1, 0.5])
        #expect(report.types.map(\.name) == ["fan", "pump"])
        let fan = try #require(report.types.first)
        #expect(fan.auc == 1 && fan.mauc == 1 && fan.pauc == 1)
        #expect(fan.aucPooled == 0.75)
        let summary = try #require(report.summary)
        #expect(summary.auc == 0.75 && summary.mauc == 0.75)
    }

    @Test func orderOfClipsDoesNotMatter() throws {
        #expect(DetectionReport(of: try clips()) == DetectionReport(of: try clips().reversed()))
    }

    @Test func nothingToReport() {
        #expect(DetectionReport(of: []).summary == nil)
    }
}
