import Networks
import Tensors
import Testing
import Training
import Wire

/// The averages of replicas, by hand.
@Suite struct AveragingTests {
    private func recipe(_ averaging: ReplicaRecipe.Averaging, replicas: Int) -> ReplicaRecipe {
        var recipe = ReplicaRecipe()
        (recipe.averaging, recipe.replicas) = (averaging, replicas)
        return recipe
    }

    @Test func replicasCountAlikeOrByTheirClips() {
        #expect(recipe(.mean, replicas: 4).shares(clips: 10) == [0.25, 0.25, 0.25, 0.25])
        #expect(recipe(.fedAvg, replicas: 4).shares(clips: 10) == [0.3, 0.3, 0.2, 0.2])
        #expect(recipe(.fedAvg, replicas: 1).shares(clips: 7) == [1])
    }

    @Test func theMeanIsWeighted() {
        let weights = [FloatBuffer([1, -2, 8]), FloatBuffer([3, 6, 0]), FloatBuffer([5, 2, 4])]
        #expect(ReplicaRecipe.mean(weights, shares: [0.5, 0.25, 0.25]).values == [2.5, 1, 5])
        #expect(ReplicaRecipe.mean([FloatBuffer([0.1, -7e-30])], shares: [1]).values == [0.1, -7e-30])
    }

    /// rate 1/2, momentum 1/2. From 1 towards 1/2: d = 1/2, v = 1/2, w = 1 − 1/2·(1/2 + 1/4) = 5/8.
    /// Towards 1/8: d = 1/2, v = 3/4, w = 5/8 − 1/2·(1/2 + 3/8) = 3/16. Standing there: d = 0, v = 3/8, w = 3/32.
    @Test func nesterovByHand() {
        let averaging = ReplicaRecipe.Averaging.nesterov(rate: 0.5, momentum: 0.5)
        // The second number is a running statistic, and becomes its mean.
        var weights = FloatBuffer([1, 10])
        let velocity = FloatBuffer(count: 1)
        for (mean, expected) in zip([0.5, 0.125, 0.1875] as [Float], [0.625, 0.1875, 0.09375] as [Float]) {
            weights = averaging.target(from: weights, mean: FloatBuffer([mean, 20]), velocity: velocity)
            #expect(weights.values == [expected, 20])
        }
        #expect(velocity.values == [0.375])
        let plain = ReplicaRecipe.Averaging.mean.target(from: weights, mean: FloatBuffer([7, 8]), velocity: velocity)
        #expect(plain.values == [7, 8])
    }
}

/// Changes in eight bits.
@Suite struct WeightChangeTests {
    private let parameters = Parameters(NetworkPlant.recipe().architecture, seed: 3)
    private var layout: ParameterLayout { parameters.layout }

    private func change(_ seed: UInt64, size: Double = 1e-3) -> FloatBuffer {
        var random = CounterRandom(seed)
        return FloatBuffer((0..<layout.trainedCount).map { _ in Float(size * random.nextNormal()) })
    }

    private var statistics: [Float] { Array(parameters.buffer.values[layout.trainedCount...]) }

    @Test func atMostHalfAStepIsLeftOver() {
        let wish = change(1)
        let rest = FloatBuffer(wish.values)
        let made = WeightChange(taking: rest, layout: layout, statistics: statistics)
        #expect(made.fits(layout))
        for (slice, scale) in zip(layout.trained, made.scales) {
            let largest = slice.range.map { abs(wish.pointer[$0]) }.max() ?? 0
            #expect(abs(scale - largest / 127) <= largest * 1e-6)
            for index in slice.range {
                #expect(abs(rest.pointer[index]) <= 0.501 * scale)
                #expect(abs(Float(made.digits[index]) * scale + rest.pointer[index] - wish.pointer[index]) < 1e-9)
            }
        }
    }

    @Test func whatIsLeftOverArrivesLater() {
        // Far smaller than half a step: alone it would never arrive.
        let left = FloatBuffer(count: layout.trainedCount)
        var (wished, arrived) = ([Double](repeating: 0, count: left.count), [Double](repeating: 0, count: left.count))
        for round in 0..<50 {
            let wish = change(UInt64(round), size: 1e-3)
            for slice in layout.trained { wish.pointer[slice.offset] = 1 }
            for index in 0..<left.count {
                wished[index] += Double(wish.pointer[index])
                left.pointer[index] += wish.pointer[index]
            }
            let made = WeightChange(taking: left, layout: layout, statistics: statistics)
            for (slice, scale) in zip(layout.trained, made.scales) {
                for index in slice.range { arrived[index] += Double(made.digits[index]) * Double(scale) }
            }
        }
        let errors = left.values.indices.map { abs(wished[$0] - arrived[$0] - Double(left.pointer[$0])) }
        #expect(errors.max() ?? 1 < 1e-4)
        // One step is about 1/127 here.
        #expect(left.values.allSatisfy { abs($0) < 0.006 })
        #expect(arrived.contains { $0 != 0 && abs($0) < 0.02 })
    }

    @Test func itTravels() throws {
        let made = WeightChange(taking: change(5), layout: layout, statistics: statistics.map { $0 + 1 })
        let bytes = made.encoded()
        #expect(try WeightChange(decoding: bytes) == made)
        #expect(bytes.count < layout.trainedCount + 4 * (statistics.count + layout.trained.count) + 32)
        let target = parameters.copy()
        made.apply(to: target)
        #expect(Array(target.buffer.values[layout.trainedCount...]) == statistics.map { $0 + 1 })
        var other = made
        other.digits.removeLast()
        #expect(!other.fits(layout))
        other = made
        other.scales[0] = .infinity
        #expect(!other.fits(layout))
    }

    /// At a hundred steps a round, changes up and down in spans of four: at most 60 kB per worker and step.
    @Test func aRoundOfTheWholeNetworkIsSmall() {
        let whole = Parameters(Architecture(channels: [.logMel, .tgram, .tfgram]), seed: 1)
        let change = WeightChange(
            taking: FloatBuffer(Array(whole.buffer.values.prefix(whole.layout.trainedCount))), layout: whole.layout,
            statistics: Array(whole.buffer.values.dropFirst(whole.layout.trainedCount)))
        let (small, full) = (change.encoded().count, whole.bytes.count)
        #expect(small < full * 3 / 10)
        let round = 2 * (3 * small + full) / 4
        #expect(round / 100 < 60_000, "\(small) and \(full) bytes: \(round / 100) per step")
    }

    @Test func nothingStaysNothing() {
        let nothing = FloatBuffer(count: layout.trainedCount)
        let made = WeightChange(taking: nothing, layout: layout, statistics: statistics)
        let target = parameters.copy()
        made.apply(to: target)
        #expect(target.weightsHash == parameters.weightsHash)
    }
}
