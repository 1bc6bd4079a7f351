import ArgumentParser
import Foundation

/// All speeds that the README states, as one table and as lines of JSON.
struct SpeedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "speed", abstract: "Time log-mel, inference and training against the peers: one table.",
        discussion: """
            Example: auscult-bench speed --peers /tmp/venv --json-file speed.jsonl

            It takes the better part of an hour with all peers; `log-mel` and `network` measure a part each.
            """)

    @OptionGroup var peers: PeerOptions

    @Option(help: "Threads; several with commas.")
    var threads = "1,2"

    @Option(help: "How often everybody takes a turn of inference.")
    var rounds = 5

    @Option(help: "How often everybody takes a training step.")
    var steps = 3

    @Option(help: "A file for the lines of JSON.")
    var jsonFile: String?

    func run() throws {
        print(Self.machine)
        print(SpeedLine.heading)
        var written: [String] = []
        let shared = peers.peers.map { ["--peers", $0, "--scripts", peers.scripts, "--preload", peers.preload] } ?? []
        func show(_ lines: [SpeedLine]) throws {
            for line in lines {
                try line.print(json: false)
                written.append(String(decoding: try JSONEncoder().encode(line), as: UTF8.self))
            }
        }
        let logMel = peers.peers.map { ["--peers", $0, "--scripts", peers.scripts] } ?? []
        try show(LogMelCommand.parse(logMel).lines())
        for count in threads.split(separator: ",").map(String.init) {
            for channels in ["logmel", "logmel,tgram,tfgram"] {
                let common = shared + ["--channels", channels, "--threads", count]
                try show(
                    NetworkCommand.parse(
                        common + ["--clips", "1,8,32", "--rounds", String(rounds), "--listeners", peers.listeners]
                    ).lines())
                try show(
                    NetworkCommand.parse(
                        common + ["--train", "64", "--rounds", String(steps), "--trainers", peers.trainers]
                    ).lines())
            }
        }
        if let jsonFile {
            try Data((written.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: jsonFile))
        }
    }

    /// The processor and the vectors it has, as the system names them.
    private static var machine: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        func field(_ name: String) -> String {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        }
        let flags = Set(field("flags").split(separator: " "))
        let vectors = ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni"].filter { flags.contains(Substring($0)) }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return "\(field("model name")), \(cores) cores, \(vectors.joined(separator: " "))"
    }
}
