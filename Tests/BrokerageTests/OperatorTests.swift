import Brokerage
import Plant
import Testing

/// What operators see and order.
@Suite struct OperatorTests {
    @Test func workersAreWrittenDownOnChangeAndEveryFewSecondsNeverJobByJob() throws {
        var stage = try Stage()
        let gateway = stage.join(1, .gateway)
        let worker = stage.join(2, .worker, name: "worker-1")
        stage.tick(after: 1_000_000)
        #expect(stage.rosters.last?.map(\.name) == ["worker-1"])
        let reports = stage.rosters.count
        for number in 0..<20 {
            stage.say(.submit(try stage.submission("a\(number)")), as: gateway)
            for dispatch in stage.dispatches(to: worker) { stage.score(dispatch, as: worker) }
            stage.tick(after: 100_000)
        }
        #expect(stage.rosters.count == reports)
        stage.say(.submit(try stage.submission("b")), as: gateway)
        let token = try #require(stage.dispatches(to: worker).first?.token)
        let heartbeat = Message.heartbeat(Heartbeat(progress: [.init(token: token, counter: 1)], credits: 4))
        stage.say(heartbeat, as: worker)
        stage.tick(after: 2_500_000)
        stage.say(heartbeat, as: worker)
        stage.tick(after: 600_000)
        let report = try #require(stage.rosters.last?.first)
        #expect(stage.rosters.count == reports + 1)
        #expect(report.finished == 20 && report.leased == 1)
        #expect(report.doing == "clip 21 of fan/id_00")
        _ = stage.join(3, .worker, name: "worker-2")
        stage.say(.drainWorker(name: "worker-1"), as: gateway)
        stage.tick(after: 600_000)
        #expect(stage.rosters.last?.map(\.draining) == [true, false])
    }
}
