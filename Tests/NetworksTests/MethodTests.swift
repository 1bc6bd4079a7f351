import Foundation
import Networks
import Tensors
import Testing

/// What goes beyond the published method, against PyTorch: see `Fixtures/make_method.py`.
@Suite struct MethodTests {
    private let architecture: Architecture
    private let recorded: Safetensors
    private let student: Parameters
    private let teacher: Parameters
    private let labels: [Int]

    init() throws {
        var a = Architecture(channels: [.logMel, .attention], classes: 4)
        (a.melBands, a.frames, a.stemChannels, a.trunkChannels) = (16, 17, 16, 32)
        (a.embeddingSize, a.hiddenSize, a.attentionSize, a.subCentres) = (16, 16, 16, 2)
        a.stages = [Architecture.Stage(expansion: 2, channels: 16, repeats: 2)]
        architecture = a
        let url = try #require(Bundle.module.url(forResource: "method", withExtension: "safetensors"))
        recorded = try Safetensors(decoding: [UInt8](Data(contentsOf: url)), name: "method")
        student = try Parameters(a, reading: recorded.tensors, file: "method")
        let prefix = "teacher."
        let taught = recorded.tensors.filter { $0.name.hasPrefix(prefix) }.map { tensor in
            Safetensors.Tensor(
                name: String(tensor.name.dropFirst(prefix.count)), shape: tensor.shape, values: tensor.values)
        }
        teacher = try Parameters(a, reading: taught, file: "method")
        labels = try #require(recorded["label"]).values.map { Int($0) }
    }

    private func values(_ name: String) throws -> [Float] { try #require(recorded[name], "\(name)").values }

    /// The clips as the network hears them, mixed.
    private func clips() throws -> [[Float]] {
        let count = architecture.melBands * architecture.frames
        let (mel, partners, share) = (try values("mel"), try values("partner").map { Int($0) }, try values("share")[0])
        return partners.enumerated().map { clip, partner in
            (0..<count).map { share * mel[clip * count + $0] + (1 - share) * mel[partner * count + $0] }
        }
    }

    @Test func theTeacherHearsAsPyTorchsDoes() throws {
        let network = FoldedNetwork(teacher)
        let scratch = FoldedNetwork.Scratch(architecture)
        let hearings = try clips().map { network.hear(logMel: $0, wave: [], scratch: scratch) }
        #expect(distance(hearings.flatMap(\.embedding), try values("teacher.embedding")) < 1e-5)
        #expect(distance(hearings.flatMap(\.cosines), try values("teacher.cosines")) < 1e-5)
    }

    /// Attention, sub-centres, teacher and memory in one step: its losses, and the gradient of every parameter.
    @Test func aStepIsPyTorchs() throws {
        let partners = try values("partner").map { Int($0) }
        let share = try values("share")[0]
        var targets = Tail.Targets(
            labels: labels, mixedLabels: partners.map { labels[$0] }, shares: labels.map { _ in share })
        targets.teacher = (try values("teacher.cosines").map { 30 * $0 }, try values("teacher.weight")[0])
        var memory = EmbeddingMemory(classes: 4, limit: 3)
        // Older ones fall out.
        memory.add(try values("memory").map { -$0 }, labels: (0..<12).map { $0 / 3 })
        memory.add(try values("memory"), labels: (0..<12).map { $0 / 3 })
        targets.memory = memory

        let backbone = Backbone(architecture, clips: labels.count)
        for (index, clip) in try clips().enumerated() { backbone.load(index, logMel: clip, wave: []) }
        let gradient = FloatBuffer(count: student.layout.count)
        let features = backbone.forward(student, statistics: gradient)
        let outcome = Tail(architecture, clips: labels.count).step(
            student, features: features, targets: targets, gradient: gradient)
        backbone.backward(student, featureGradient: outcome.featureGradient, gradient: gradient)

        let losses = [outcome.crossEntropy, outcome.contrastive, outcome.consistency].map { Float($0) }
        #expect(distance(losses, try values("losses")) < 1e-5)
        let largest = (0..<student.layout.trainedCount).reduce(0) { max($0, abs(gradient.pointer[$1])) }
        for slice in student.layout.trained {
            let values = UnsafeBufferPointer(start: gradient.pointer + slice.offset, count: slice.count)
            let expected = try self.values("grad.\(slice.name)")
            // Shifts before another batch norm are zero in exact arithmetic: there is nothing to be relative to.
            let isZero = (expected.lazy.map(abs).max() ?? 0) < 1e-6 * largest
            let far = isZero ? (values.lazy.map(abs).max() ?? 0) / largest : distance(values, expected)
            #expect(far < 1e-3, "gradient of \(slice.name): \(far)")
        }
    }

    /// A weight after each of five steps: the average by a constant decay, and the plain mean from the third on.
    @Test func averagesArePyTorchs() throws {
        let path = try values("average.path")
        func averages(_ rule: MovingAverage) throws -> [Float] {
            let (average, live) = (Parameters(architecture), Parameters(architecture))
            average.buffer.pointer[0] = try values("average.start")[0]
            return path.enumerated().map { step, value in
                live.buffer.pointer[0] = value
                rule.update(average, with: live, step: step)
                return average.buffer.pointer[0]
            }
        }
        #expect(
            distance(try averages(MovingAverage(decay: 0.9, rule: .constant)), try values("average.decayed")) < 1e-6)
        let mean = try averages(MovingAverage(meanFrom: 3))
        #expect(distance(mean.suffix(3), try values("average.mean")) < 1e-6)
        #expect(try averages(MovingAverage(meanFrom: 3)).prefix(2) == averages(MovingAverage()).prefix(2))
    }

    @Test(arguments: [
        ("published", MovingAverage(rule: .published)), ("warm-up", MovingAverage()),
        ("0.995", MovingAverage(decay: 0.995, rule: .constant)),
    ])
    func averagesHaveWords(word: String, rule: MovingAverage) {
        #expect(MovingAverage(word) == rule && rule.description == word)
    }

    @Test(arguments: ["", "1", "0", "-1", "nan", "warmup"]) func otherWordsAreNone(word: String) {
        #expect(MovingAverage(word) == nil)
    }

    @Test func channelsAreListed() {
        #expect(ChannelList("tgram,logmel")?.channels == [.logMel, .tgram])
        #expect(ChannelList("tgram,logmel")?.description == "logmel,tgram")
        for text in ["", "tgram", "logmel,", "logmel,logmel", "logmel,echo", "logmel, tgram"] {
            #expect(ChannelList(text) == nil, "\(text)")
        }
    }

    @Test func widthsStayMultiplesOfSixteen() {
        let published = Architecture()
        #expect(published.widened(by: 1) == published)
        let narrow = published.widened(by: 0.3)
        #expect(narrow.complaint == nil && narrow.stemChannels == 16 && narrow.trunkChannels == 160)
        #expect(ParameterLayout(narrow).trainedCount < ParameterLayout(published).trainedCount / 5)
    }
}
