import Tensors
import Testing

@Suite struct CounterRandomTests {
    @Test func sameKeySameStream() {
        var first = CounterRandom(7, 1, 2)
        var second = CounterRandom(7, 1, 2)
        var other = CounterRandom(7, 2, 1)
        let draws = (0..<100).map { _ in first.next() }
        #expect(draws == (0..<100).map { _ in second.next() })
        #expect(Set(draws).isDisjoint(with: (0..<100).map { _ in other.next() }))
    }

    @Test func normalsHaveMeanZeroAndDeviationOne() {
        var random = CounterRandom(11)
        let draws = (0..<20_000).map { _ in random.nextNormal() }
        let mean = draws.reduce(0, +) / 20_000
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
        #expect(abs(mean) < 0.03)
        #expect(abs(variance - 1) < 0.05)
    }

    @Test func permutationsHoldEveryIndexAndDiffer() {
        var random = CounterRandom(3)
        let first = random.permutation(100)
        #expect(first.sorted() == Array(0..<100))
        #expect(first != random.permutation(100))
        #expect(random.permutation(0) == [])
    }
}
