import Nodes
import Testing

@Suite struct SupervisionTests {
    @Test func startsTheBrokerFirst() {
        var plan = Supervision(workers: 2)
        #expect(
            plan.start(now: 0) == [.start(.broker), .start(.coordinator), .start(.worker(1)), .start(.worker(2))])
        #expect(plan.nextDeadline == nil)
    }

    @Test func aPairOfBrokersStopsLast() {
        var plan = Supervision(workers: 1, standby: true)
        #expect(
            plan.start(now: 0) == [.start(.broker), .start(.standby), .start(.coordinator), .start(.worker(1))])
        #expect(plan.stop(now: 1) == [.terminate(.worker(1))])
        #expect(plan.ended(.worker(1), now: 2) == [.terminate(.coordinator)])
        #expect(plan.ended(.coordinator, now: 3) == [.terminate(.broker), .terminate(.standby)])
        #expect(plan.ended(.broker, now: 4) == [])
        #expect(plan.ended(.standby, now: 5) == [])
        #expect(plan.isFinished)
    }

    @Test func aPrivateDatabaseStartsFirstComesBackAndStopsLast() {
        var plan = Supervision(workers: 0, database: true)
        #expect(plan.start(now: 0) == [.start(.database), .start(.broker), .start(.coordinator)])
        #expect(plan.ended(.database, now: 10) == [])
        #expect(plan.tick(now: 10 + Supervision.firstDelayMilliseconds) == [.start(.database)])
        #expect(plan.stop(now: 1_000) == [.terminate(.coordinator)])
        #expect(plan.ended(.coordinator, now: 1_001) == [.terminate(.broker)])
        #expect(plan.ended(.broker, now: 1_002) == [.terminate(.database)])
        #expect(!plan.isFinished)
        #expect(plan.ended(.database, now: 1_003) == [])
        #expect(plan.isFinished)
    }

    @Test func restartsWhatEndsAndWaitsLongerEachTime() {
        var plan = Supervision(workers: 1)
        _ = plan.start(now: 0)
        var delays: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<12 {
            #expect(plan.ended(.worker(1), now: now) == [])
            guard let deadline = plan.nextDeadline else { break }
            delays.append(deadline - now)
            #expect(plan.tick(now: deadline - 1) == [])
            now = deadline
            #expect(plan.tick(now: now) == [.start(.worker(1))])
        }
        #expect(delays.first == Supervision.firstDelayMilliseconds)
        #expect(delays == delays.sorted())
        #expect(delays.last == Supervision.longestDelayMilliseconds)
    }

    @Test func forgivesAServiceThatRanLong() {
        var plan = Supervision(workers: 0)
        _ = plan.start(now: 0)
        _ = plan.ended(.broker, now: 10)
        _ = plan.tick(now: 1_000)
        let later = 1_000 + Supervision.settledMilliseconds + 1
        _ = plan.ended(.broker, now: later)
        #expect(plan.nextDeadline == later + Supervision.firstDelayMilliseconds)
    }

    @Test func scalesUpAndDrainsTheHighestNumbers() {
        var plan = Supervision(workers: 1)
        _ = plan.start(now: 0)
        #expect(plan.scale(to: 3, now: 1) == [.start(.worker(2)), .start(.worker(3))])
        #expect(plan.scale(to: 1, now: 2) == [.terminate(.worker(2)), .terminate(.worker(3))])
        #expect(plan.scale(to: 2, now: 3) == [])
        #expect(plan.ended(.worker(2), now: 4) == [.start(.worker(2))])
        #expect(plan.ended(.worker(3), now: 5) == [])
    }

    @Test func aDrainedWorkerStaysAwayUntilTheNextWish() {
        var plan = Supervision(workers: 2)
        _ = plan.start(now: 0)
        #expect(plan.ended(.worker(1), drained: true, now: 1) == [])
        #expect(plan.nextDeadline == nil)
        #expect(plan.tick(now: 100_000) == [])
        #expect(plan.scale(to: 2, now: 100_001) == [.start(.worker(1))])
    }

    @Test func stopsFromTheWorkersDown() {
        var plan = Supervision(workers: 2)
        _ = plan.start(now: 0)
        #expect(plan.stop(now: 1) == [.terminate(.worker(1)), .terminate(.worker(2))])
        #expect(plan.ended(.worker(2), now: 2) == [])
        #expect(plan.ended(.worker(1), now: 3) == [.terminate(.coordinator)])
        #expect(plan.ended(.coordinator, now: 4) == [.terminate(.broker)])
        #expect(!plan.isFinished)
        #expect(plan.ended(.broker, now: 5) == [])
        #expect(plan.isFinished)
    }

    @Test func killsWhatDoesNotStopWithinTheGrace() {
        var plan = Supervision(workers: 1)
        _ = plan.start(now: 0)
        _ = plan.stop(now: 1)
        #expect(plan.tick(now: Supervision.graceMilliseconds) == [])
        #expect(plan.tick(now: 1 + Supervision.graceMilliseconds) == [.kill(.worker(1))])
        #expect(plan.tick(now: 2 + Supervision.graceMilliseconds) == [])
    }

    @Test func stopsWhileAServiceWaitsForItsRestart() {
        var plan = Supervision(workers: 1)
        _ = plan.start(now: 0)
        _ = plan.ended(.worker(1), now: 1)
        #expect(plan.stop(now: 2) == [.terminate(.coordinator)])
    }
}
