import Nodes
import SwiftProtobuf
import Testing
import Wire

@Suite struct HeldJobsTests {
    private func dispatch(_ token: UInt64) -> WireDispatch {
        .with {
            $0.token = token
            $0.job = Int64(token) * 10
            $0.score = WireScoreWork()
        }
    }

    private func result(_ token: UInt64) -> WireResult { .with { $0.token = token } }

    @Test func aJobIsHeldUntilItsResultIsAcknowledged() throws {
        var held = HeldJobs()
        held.take(dispatch(1), payload: [7])
        #expect(held.progress.map(\.counter) == [0])
        let first = held.begin()
        #expect(first?.payload == [7])
        let second = held.begin()
        #expect(second?.dispatch == nil)
        held.advance(1)
        #expect(held.progress.map(\.counter) == [2])
        let wanted = held.finish(result(1), payload: [])
        #expect(wanted)
        #expect(held.progress.isEmpty)
        #expect(held.unacknowledged.map(\.result.token) == [1])
        #expect(held.inventory.map(\.finished) == [true])
        held.release(1)
        #expect(held.isEmpty)
    }

    @Test func jobsBeginInTheOrderTheyCame() {
        var held = HeldJobs()
        for token: UInt64 in [5, 3, 4] { held.take(dispatch(token), payload: []) }
        held.take(dispatch(3), payload: [])
        let order = (0..<4).map { _ in held.begin()?.dispatch.token }
        #expect(order == [5, 3, 4, nil])
    }

    @Test func aCancelledJobNeitherBeginsNorReports() {
        var held = HeldJobs()
        held.take(dispatch(1), payload: [])
        held.take(dispatch(2), payload: [])
        held.cancel(1, now: 0)
        let begun = held.begin()
        #expect(begun?.dispatch.token == 2)
        held.cancel(2, now: 0)
        #expect(held.isEmpty, "nobody wants what is in hand")
        let wanted = held.finish(result(2), payload: [])
        #expect(!wanted)
        #expect(held.progress.isEmpty)
    }

    @Test func aCancelledJobIsToldOfUntilItsComputationReturns() {
        var held = HeldJobs()
        held.take(dispatch(1), payload: [])
        _ = held.begin()
        held.cancel(1, now: 1_000)
        held.cancel(1, now: 9_000)
        #expect(held.progress.map(\.token) == [1] && held.inventory.isEmpty)
        #expect(!held.isStuck(now: 6_000, patience: 5_000))
        #expect(held.isStuck(now: 6_001, patience: 5_000), "the first word counts")
        _ = held.finish(result(1), payload: [])
        #expect(!held.isStuck(now: 60_000, patience: 5_000))
    }

    @Test func aRunningJobCanBeGivenUpFromOutsideOnce() {
        var held = HeldJobs()
        held.take(dispatch(1), payload: [])
        let error = WireError(.tooCostly, "too much")
        #expect(held.giveUp(1, error) == nil, "it does not run yet")
        _ = held.begin()
        let given = held.giveUp(1, error)
        #expect(given?.failure.code == error.code.rawValue && given?.failure.permanent == true && given?.job == 10)
        #expect(held.giveUp(1, error) == nil)
        let wanted = held.finish(result(1), payload: [])
        #expect(!wanted, "what the computation returns in the end is dropped")
    }

    @Test func theNextShardIsTheOneBehindTheRunningJob() {
        var held = HeldJobs()
        for token: UInt64 in 1...3 {
            var dispatch = dispatch(token)
            dispatch.shard = .with { $0.key.shard = UInt32(token) }
            held.take(dispatch, payload: [])
        }
        let begun = held.begin()
        #expect(begun?.dispatch.token == 1)
        #expect(held.next?.key.shard == 2)
        held.cancel(2, now: 0)
        #expect(held.next?.key.shard == 3)
        held.cancel(3, now: 0)
        #expect(held.next == nil)
    }
}
