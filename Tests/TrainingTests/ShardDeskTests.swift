import Plant
import Testing
import Training
import Wire

@Suite struct ShardDeskTests {
    private let right = ContentHash(of: [1])
    private let wrong = ContentHash(of: [2])
    private let other = ContentHash(of: [3])

    private func place(_ shard: UInt32, step: UInt32 = 1) -> ShardPlace {
        ShardPlace(step: step, phase: 1, shard: shard)
    }

    /// A desk that knows two workers.
    private func desk() -> ShardDesk {
        var desk = ShardDesk(auditShare: 0)
        _ = desk.asks(for: [place(0, step: 0)], now: 0)
        #expect(desk.take(place(0, step: 0), worker: "a", hash: right, now: 0) == .waits)
        #expect(desk.take(place(0, step: 0), worker: "b", hash: right, now: 0) == .counted(of: "a"))
        return desk
    }

    @Test func theFirstWorkerOfAllIsConfirmedToo() {
        var desk = ShardDesk(auditShare: 0)
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "c", hash: wrong, now: 1) == .waits)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 2) == .waits)
        #expect(desk.take(place(0), worker: "b", hash: right, now: 3) == .counted(of: "a"))
        #expect(desk.quarantined == ["c"])
    }

    @Test func beingRightInOnePhaseIsNoProofForAnother() {
        var desk = desk()
        let next = ShardPlace(step: 1, phase: 2, shard: 0)
        _ = desk.asks(for: [next], now: 0)
        #expect(desk.take(next, worker: "a", hash: wrong, now: 1) == .waits)
    }

    @Test func twoWorkersThatDifferAreAskedOnceMoreAndThenTold() {
        var desk = desk()
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "c", hash: wrong, now: 1) == .waits)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 2) == .waits)
        #expect(desk.overdue(now: 9_000) == nil)
        #expect(desk.overdue(now: 20_000) == .again(place(0), workers: ["a", "c"]))
        #expect(Set(desk.asks(for: [place(0)], now: 20_000).map(\.copy)) == [0, 1])
        #expect(desk.take(place(0), worker: "c", hash: wrong, now: 20_001) == .waits)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 20_002) == .waits)
        #expect(desk.overdue(now: 40_000) == .undecided(place(0), workers: ["a", "c"]))
    }

    @Test func theFirstOutputCountsAndTheSecondIsCompared() {
        var desk = desk()
        #expect(
            desk.asks(for: [place(3), place(4)], now: 0) == [
                .init(place: place(3), copy: 0), .init(place: place(4), copy: 0),
            ])
        #expect(desk.asks(for: [place(3), place(4)], now: 0) == [])
        #expect(desk.take(place(3), worker: "a", hash: right, now: 1) == .counts)
        #expect(desk.take(place(3), worker: "b", hash: right, now: 2) == .late(agrees: true))
        #expect(desk.take(place(3), worker: "b", hash: wrong, now: 2) == .late(agrees: false))
    }

    @Test func aNewWorkersFirstOutputIsConfirmedByAnother() {
        var desk = desk()
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "c", hash: right, now: 1) == .waits)
        #expect(desk.asks(for: [place(0)], now: 1) == [.init(place: place(0), copy: 1)])
        #expect(desk.take(place(0), worker: "a", hash: right, now: 2) == .counted(of: "c"))
        // It is believed from now on.
        _ = desk.asks(for: [place(1)], now: 3)
        #expect(desk.take(place(1), worker: "c", hash: right, now: 4) == .counts)
    }

    @Test func aThirdWorkerDecidesAndTheOutvotedOneIsNotBelieved() {
        var desk = desk()
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "c", hash: wrong, now: 1) == .waits)
        _ = desk.asks(for: [place(0)], now: 1)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 2) == .waits)
        #expect(desk.asks(for: [place(0)], now: 2) == [.init(place: place(0), copy: 2)])
        #expect(desk.take(place(0), worker: "b", hash: right, now: 3) == .counted(of: "a"))
        #expect(desk.quarantined == ["c"])
        _ = desk.asks(for: [place(1)], now: 4)
        #expect(desk.take(place(1), worker: "c", hash: right, now: 5) == .disbelieved)
        let asks = desk.asks(for: [place(1)], now: 5)
        #expect(asks == [.init(place: place(1), copy: 1, preferredWorker: "a")])
        #expect(desk.take(place(1), worker: "a", hash: right, now: 6) == .counts)
    }

    @Test func threeDifferentOutputsAreHopeless() {
        var desk = desk()
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "c", hash: wrong, now: 1) == .waits)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 2) == .waits)
        #expect(desk.take(place(0), worker: "b", hash: other, now: 3) == .hopeless)
    }

    @Test func auditedShardsAreComputedTwice() {
        var desk = ShardDesk(auditShare: 1)
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 1) == .waits)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 1) == .waits)
        #expect(desk.take(place(0), worker: "b", hash: right, now: 2) == .counted(of: "a"))
        var share = ShardDesk(auditShare: 0.015)
        let places = (0..<4000).map { place($0) }
        _ = share.asks(for: places, now: 0)
        _ = share.take(places[0], worker: "b", hash: right, now: 1)
        _ = share.take(places[0], worker: "a", hash: right, now: 1)
        let audited = places.dropFirst().count { share.take($0, worker: "a", hash: right, now: 1) == .waits }
        #expect((30...90).contains(audited))
    }

    @Test func aLateShardIsAskedForOnceMoreElsewhere() {
        var desk = desk()
        let places = (0..<20).map { place($0, step: 2) }
        _ = desk.asks(for: places, now: 0)
        for (index, place) in places.dropLast().enumerated() {
            #expect(desk.take(place, worker: "a", hash: right, now: Int64(1000 + 10 * index)) == .counts)
        }
        // Median 1090, deviation 50: late after 1340 and a little.
        #expect(desk.asks(for: [places[19]], now: 1300) == [])
        #expect(desk.asks(for: [places[19]], now: 1400) == [.init(place: places[19], copy: 1)])
        #expect(desk.asks(for: [places[19]], now: 50_000) == [])
        // In the end whoever had it is asked once more.
        #expect(desk.asks(for: [places[19]], now: 99_000) == [.init(place: places[19], copy: 0)])
        #expect(desk.take(places[19], worker: "b", hash: right, now: 99_001) == .counts)
        #expect(desk.take(places[19], worker: "a", hash: right, now: 99_002) == .late(agrees: true))
    }

    @Test func aLonelyWorkersOutputCountsInTheEnd() {
        var desk = ShardDesk(auditShare: 1)
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 1) == .waits)
        #expect(desk.overdue(now: 100) == nil)
        #expect(desk.overdue(now: 10_000) == .counts(place(0), worker: "a"))
        #expect(desk.overdue(now: 10_000) == nil)
        #expect(desk.take(place(0), worker: "b", hash: wrong, now: 10_001) == .late(agrees: false))
    }

    /// Two new workers, each with the other's output to confirm, which takes either as long as its own did.
    @Test func confirmationsThatComeLateCount() {
        var desk = ShardDesk(auditShare: 0)
        _ = desk.asks(for: [place(0), place(1)], now: 0)
        #expect(desk.take(place(0), worker: "a", hash: right, now: 300_000) == .waits)
        #expect(desk.take(place(1), worker: "b", hash: right, now: 300_000) == .waits)
        #expect(desk.overdue(now: 600_000) == nil)
        #expect(desk.overdue(now: 1_000_000) == .counts(place(0), worker: "a"))
        #expect(desk.overdue(now: 1_000_000) == .counts(place(1), worker: "b"))
        #expect(desk.take(place(0), worker: "b", hash: right, now: 1_000_001) == .late(agrees: true))
        _ = desk.asks(for: [place(2), place(3)], now: 1_000_002)
        #expect(desk.take(place(2), worker: "a", hash: right, now: 1_000_003) == .counts)
        #expect(desk.take(place(3), worker: "b", hash: right, now: 1_000_004) == .counts)
    }

    @Test func refusedShardsAreAskedForAgainButNotForEver() {
        var desk = desk()
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "a", hash: wrong, now: 1) == .counts)
        var refusals: UInt32 = 0
        while desk.refuse(place(0), worker: "a", now: 2) {
            refusals += 1
            let ask = ShardDesk.Ask(place: place(0), copy: refusals, preferredWorker: "b")
            #expect(desk.asks(for: [place(0)], now: 3) == [ask])
        }
        #expect(refusals == 7)
    }

    @Test func aRefusedShardReturnsToItsWorkerWhereNoOtherComes() {
        var desk = desk()
        _ = desk.asks(for: [place(0)], now: 0)
        #expect(desk.take(place(0), worker: "a", hash: wrong, now: 1) == .counts)
        #expect(desk.refuse(place(0), worker: "a", now: 2) == true)
        #expect(desk.asks(for: [place(0)], now: 3).map(\.copy) == [1])
        #expect(desk.asks(for: [place(0)], now: 4_000) == [])
        #expect(desk.asks(for: [place(0)], now: 6_000) == [.init(place: place(0), copy: 0)])
    }

    @Test func aBrokerThatForgotIsAskedForAllThatIsMissing() {
        var desk = desk()
        _ = desk.asks(for: [place(0), place(1)], now: 0)
        #expect(desk.take(place(0), worker: "c", hash: right, now: 1) == .waits)
        desk.forgetAsked(now: 2)
        let asks = desk.asks(for: [place(0), place(1)], now: 2)
        #expect(Set(asks.map(\.place)) == [place(0), place(1)])
    }
}
