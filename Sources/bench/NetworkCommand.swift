import ArgumentParser
import Networks

/// Times the network, in turn with the frameworks that others use.
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Time the network: milliseconds per clip of inference or of a training step.",
        discussion: """
            Examples:
              auscult-bench network --channels logmel,tgram,tfgram --clips 1,8,32 --peers /tmp/venv
              auscult-bench network --channels logmel --train 64 --peers /tmp/venv --rounds 3

            With --peers, PyTorch (frozen, compiled, channels last) and ONNX Runtime take turns with auscult on the same \
            weights and clips, each in a process of its own, and must compute the same. The figures are medians.
            """)

    @Option(help: "The images the network sees.")
    var channels = "logmel"

    @Option(help: "Clips per call of inference; several with commas.")
    var clips = "1"

    @Option(help: "Train instead: clips per step.")
    var train: Int?

    @Option(help: "Threads.")
    var threads = 1

    @Option(help: "How often everybody takes a turn.")
    var rounds = 9

    @OptionGroup var peers: PeerOptions

    @Flag(help: "Print lines of JSON.")
    var json = false

    func validate() throws {
        guard rounds > 0, threads > 0 else { throw ValidationError("rounds and threads are at least 1") }
        guard train.map({ $0 > 0 && ($0 < 8 || $0 % 8 == 0) }) ?? true else {
            throw ValidationError("--train takes less than 8 clips or a multiple of 8")
        }
    }

    func run() throws {
        if !json { print(SpeedLine.heading) }
        for line in try lines() { try line.print(json: json) }
    }

    func lines() throws -> [SpeedLine] {
        let list = channels.split(separator: ",").compactMap { Architecture.Channel(rawValue: String($0)) }
        let architecture = Architecture(channels: list)
        if let complaint = architecture.complaint { throw ValidationError(complaint) }
        let contest = NetworkContest(architecture, threads: threads, rounds: rounds, peers: peers.chosen)
        if let train { return try contest.train(clips: train, libraries: peers.libraries(train: true)) }
        return try clips.split(separator: ",").flatMap { text in
            guard let count = Int(text), count > 0 else { throw ValidationError("\(text) is no number of clips") }
            return try contest.listen(clips: count, libraries: peers.libraries(train: false))
        }
    }
}

/// Where the peers are, and which of them take part.
struct PeerOptions: ParsableArguments {
    @Option(help: "The Python environment that Sources/bench/peers/setup made.")
    var peers: String?

    @Option(help: "The folder of the peers' programs.")
    var scripts = "Sources/bench/peers"

    @Option(help: "A library the peers load first: an allocator that keeps its pages. \"\" for none.")
    var preload = "libjemalloc.so.2"

    @Option(help: "Peers of inference.")
    var listeners = "frozen,frozen-channels-last,compiled,onnxruntime"

    @Option(help: "Peers of training.")
    var trainers = "eager,eager-channels-last,compiled"

    var chosen: (environment: String, scripts: String, preloads: String)? { peers.map { ($0, scripts, preload) } }

    func libraries(train: Bool) -> [String] { (train ? trainers : listeners).split(separator: ",").map(String.init) }
}
