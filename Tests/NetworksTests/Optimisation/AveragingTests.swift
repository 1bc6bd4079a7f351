import Foundation
import Networks
import Tensors
import Testing

/// What averages say of several versions of the weights, of many batches, and when a teacher is heard.
@Suite struct AveragingTests {
    private static let architecture: Architecture = {
        var a = Architecture(channels: [.logMel], classes: 3)
        (a.melBands, a.frames, a.stemChannels, a.trunkChannels, a.embeddingSize, a.hiddenSize) = (7, 9, 16, 32, 16, 16)
        a.stages = [Architecture.Stage(expansion: 1, channels: 16, repeats: 1)]
        return a
    }()

    // MARK: Statistics

    /// The plain mean over batches, each counted once whatever came before; the weights stay as they are.
    @Test func statisticsAreThePlainMeanOfTheBatches() {
        let parameters = Parameters(Self.architecture, seed: 5)
        let layout = parameters.layout
        let before = (0..<layout.trainedCount).map { parameters.buffer.pointer[$0] }
        var mean = StatisticsMean(layout)
        for batch in [1, 2, 6] as [Float] {
            let statistics = FloatBuffer(count: layout.count)
            for index in 0..<layout.count { statistics.pointer[index] = batch * Float(index + 1) }
            mean.add(statistics: statistics)
        }
        #expect(mean.batches == 3)
        mean.write(to: parameters)
        #expect((0..<layout.trainedCount).map { parameters.buffer.pointer[$0] } == before)
        #expect(layout.count > layout.trainedCount)
        for index in layout.trainedCount..<layout.count {
            #expect(parameters.buffer.pointer[index] == 3 * Float(index + 1))
        }
    }

    /// Of a network: the running mean of the first norm becomes the mean feature over all batches of equal size.
    @Test func statisticsOfATailAreThoseOfAllItsClips() {
        let a = Self.architecture
        let parameters = Parameters(a, seed: 6)
        var random = CounterRandom(7)
        let batches = (0..<3).map { batch in
            (0..<8 * a.trunkChannels).map { _ in Float(random.nextNormal()) + Float(batch) }
        }
        var mean = StatisticsMean(parameters.layout)
        for features in batches {
            let statistics = FloatBuffer(count: parameters.layout.count)
            Tail(a, clips: 8).observe(parameters, features: features, statistics: statistics)
            mean.add(statistics: statistics)
        }
        mean.write(to: parameters)
        let slice = parameters.layout["mobilefacenet.linear7.bn.running_mean"]
        for channel in 0..<a.trunkChannels {
            let values = batches.flatMap { features in (0..<8).map { features[$0 * a.trunkChannels + channel] } }
            let expected = values.reduce(0) { $0 + Double($1) } / Double(values.count)
            #expect(abs(Double(parameters.buffer.pointer[slice.offset + channel]) - expected) < 1e-6)
        }
    }

    // MARK: Weights

    private static func parameters(filledWith value: Float) -> Parameters {
        let parameters = Parameters(architecture)
        for index in 0..<parameters.layout.count { parameters.buffer.pointer[index] = value }
        return parameters
    }

    /// Of live weights that stay at one, what the average has taken after one step, and after two: 1 − 1/10, 1 − 1/10·2/11.
    @Test func theAverageWarmsUp() {
        let (average, live) = (Self.parameters(filledWith: 0), Self.parameters(filledWith: 1))
        MovingAverage().update(average, with: live, step: 0)
        #expect(abs(average.buffer.pointer[0] - 0.9) < 1e-6)
        MovingAverage().update(average, with: live, step: 1)
        #expect(abs(average.buffer.pointer[0] - (1 - 0.1 * 2 / 11)) < 1e-6)
        #expect(live.buffer.pointer[0] == 1)
        // Late in a run the decay itself is the bound.
        let late = Self.parameters(filledWith: 0)
        MovingAverage(decay: 0.9).update(late, with: live, step: 1_000_000)
        #expect(abs(late.buffer.pointer[live.layout.count - 1] - 0.1) < 1e-6)
    }

    /// Several steps at once are as much as one after the other.
    @Test func stepsOfTheAverageAdd() {
        let (once, often, live) = (
            Self.parameters(filledWith: 0), Self.parameters(filledWith: 0), Self.parameters(filledWith: 1)
        )
        MovingAverage(decay: 0.5).update(once, with: live, steps: 3..<9)
        for step in 3..<9 { MovingAverage(decay: 0.5).update(often, with: live, step: step) }
        #expect(abs(once.buffer.pointer[0] - often.buffer.pointer[0]) < 1e-6)
    }

    /// The published rule has no warm-up, and shrinks the live weights.
    @Test func thePublishedAverageShrinksTheLiveWeights() {
        let (average, live) = (Self.parameters(filledWith: 0), Self.parameters(filledWith: 1))
        MovingAverage(decay: 0.75, rule: .published).update(average, with: live, step: 0)
        #expect(abs(average.buffer.pointer[0] - 0.25) < 1e-6)
        #expect(live.buffer.pointer[0] == 1 - 2e-6)
    }

    @Test func theMeanOfVersionsIsPlain() {
        let mean = WeightMean(Self.architecture)
        for value in [1, 2, 6] as [Float] { mean.add(Self.parameters(filledWith: value)) }
        #expect(mean.versions == 3 && abs(mean.mean.buffer.pointer[0] - 3) < 1e-6)
    }

    /// Half a cosine from 1 to 0.1.
    @Test(arguments: [(0, 1), (25, 0.8681981), (50, 0.55), (75, 0.2318020), (100, 0.1), (1_000, 0.1)])
    func theRateFallsAlongACosine(_ unit: Int, _ expected: Double) {
        #expect(abs(CosineSchedule(start: 1, end: 0.1, length: 100).rate(unit) - expected) < 1e-6)
    }

    // MARK: Ramp

    /// peak · exp(−5·(1 − step/length)²), and the peak from there on.
    @Test(arguments: [(0, 0.0067379470), (25, 0.0600546678), (50, 0.2865047969), (100, 1), (101, 1), (1_000_000, 1)])
    func theTeachersWeightGrows(_ step: Int, _ share: Double) {
        #expect(abs(ConsistencyRamp(peak: 3, length: 100).weight(step) - 3 * share) < 1e-9)
    }

    @Test func withoutAPeakThereIsNoTeacher() {
        for step in [0, 10, 5000] { #expect(ConsistencyRamp().weight(step) == 0) }
    }

    /// No steps until the full weight: it is there at once.
    @Test func aRampOfNoLengthIsAStep() {
        #expect(ConsistencyRamp(peak: 2, length: 0).weight(0) == 2)
    }
}
