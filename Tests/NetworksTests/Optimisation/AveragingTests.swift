import Foundation
import Networks
import Tensors
import Testing

/// What averages say of several versions of the weights, and when a teacher is heard.
@Suite struct AveragingTests {
    private static let architecture: Architecture = {
        var a = Architecture(channels: [.logMel], classes: 3)
        (a.melBands, a.frames, a.stemChannels, a.trunkChannels, a.embeddingSize, a.hiddenSize) = (7, 9, 16, 32, 16, 16)
        a.stages = [Architecture.Stage(expansion: 1, channels: 16, repeats: 1)]
        return a
    }()

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
