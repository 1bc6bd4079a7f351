import ArgumentParser
import Detection
import Networks
import Nodes

/// What `auscult train` and `auscult plan` are told of a network.
struct ArchitectureOptions: ParsableArguments {
    @Option(help: "What a network hears: \(ChannelList.choices).")
    var channels: ChannelList?

    @Flag(help: "It hears the log-mel with its bands mixed by self-attention too.")
    var attention = false

    @Option(help: "Times the channels of its convolutions, 0.25 to 4.")
    var width: Double?

    @Option(help: "Centres per machine, 1 to 16; the nearest counts.")
    var subCentres: Int?

    @Option(help: "Seconds of a clip that it hears at a time: a random crop in training, the mean over crops later.")
    var crop: Double?

    @Flag(help: "The averaged network teaches: its logits are aimed at too.")
    var teacher = false

    @Flag(help: "16 embeddings per machine that the averaged network made of earlier clips are further partners.")
    var memoryPool = false

    func fill(_ specification: inout RunSpecification) {
        specification.channels = channels
        specification.attention = attention ? true : nil
        (specification.width, specification.subCentres, specification.crop) = (width, subCentres, crop)
        specification.teacher = teacher ? true : nil
        specification.memoryPool = memoryPool ? true : nil
    }

    /// The options that were given, by name.
    var given: [String] {
        [
            ("--channels", channels != nil), ("--attention", attention), ("--width", width != nil),
            ("--sub-centres", subCentres != nil), ("--crop", crop != nil), ("--teacher", teacher),
            ("--memory-pool", memoryPool),
        ].filter(\.1).map(\.0)
    }
}

/// How `auscult train` is told to train a network.
struct NetworkOptions: ParsableArguments {
    @Option(
        help: "published: the settings of the published code, 300 epochs among them. Options of your own come first.",
        transform: choice)
    var recipe: RunSpecification.Preset?

    @Option(help: "How many steps a network is trained.")
    var steps: Int?

    @Option(help: "Instead of steps: how many passes over the clips; 10 unless given.")
    var epochs: Int?

    @Option(help: "Clips per step; 64 unless given.")
    var batch: Int?

    @Option(help: "Of the first step; it falls along a cosine to a tenth. 0.001 unless given.")
    var learningRate: Double?

    @Flag(help: "Hear every machine equally often, with at least two clips in a batch.")
    var balanced = false

    @Option(help: "How the weights are averaged: \(MovingAverage.choices); warm-up unless given.")
    var ema: MovingAverage?

    @Option(help: "From this step on the plain mean of the weights is the model (stochastic weight averaging).")
    var swa: Int?

    @Option(help: "How much the teacher weighs in the loss once its ramp is over; 0.1 unless given.")
    var teacherWeight: Double?

    @Option(help: "Steps from one validation to the next; a tenth of all unless given.")
    var validationInterval: Int?

    @Option(help: "By what a network scores: log-odds, oscl, cosine, knn or hybrid; log-odds unless given.")
    var score: ScoreRule?

    func validate() throws {
        if steps != nil, epochs != nil { throw ValidationError("choose --steps or --epochs, not both") }
    }

    func fill(_ specification: inout RunSpecification) {
        specification.recipe = recipe
        (specification.steps, specification.epochs, specification.batch) = (steps, epochs, batch)
        specification.learningRate = learningRate
        specification.balanced = balanced ? true : nil
        (specification.ema, specification.swa, specification.teacherWeight) = (ema, swa, teacherWeight)
        specification.validationInterval = validationInterval
        specification.score = score
    }

    /// The options that were given, by name.
    var given: [String] {
        [
            ("--recipe", recipe != nil), ("--steps", steps != nil), ("--epochs", epochs != nil),
            ("--batch", batch != nil), ("--learning-rate", learningRate != nil), ("--balanced", balanced),
            ("--ema", ema != nil), ("--swa", swa != nil), ("--teacher-weight", teacherWeight != nil),
            ("--validation-interval", validationInterval != nil), ("--score", score != nil),
        ].filter(\.1).map(\.0)
    }
}

extension ChannelList: ExpressibleByArgument {
    static var allValueStrings: [String] { ["logmel", "logmel,tgram", "logmel,tfgram", "logmel,tgram,tfgram"] }
}

extension MovingAverage: ExpressibleByArgument {
    static var allValueStrings: [String] { ["published", "warm-up", "a decay between 0 and 1"] }
}

/// An option's word as what it stands for; where it stands for nothing, says what to choose from.
func choice<Value: RawRepresentable<String> & CaseIterable>(_ word: String) throws -> Value {
    guard let value = Value(rawValue: word) else {
        throw ValidationError("choose \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
}
