import Foundation

/// A Python program that does the same work in turn with ours, told by lines and answering with lines of JSON.
final class Peer {
    private let process = Process()
    private let requests = Pipe()
    private let answers = Pipe()

    struct PeerError: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameters:
    ///   - environment: the folder that `peers/setup` made.
    ///   - script: the program.
    ///   - arguments: what it is told once.
    ///   - preloads: a library that is loaded before all others, such as an allocator; empty for none.
    init(environment: String, script: String, arguments: [String], preloads: String = "") throws {
        let python = URL(filePath: environment).appending(path: "bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw PeerError(description: "\(environment) holds no Python. Make it with Sources/bench/peers/setup.")
        }
        process.executableURL = python
        process.arguments = [script] + arguments
        if !preloads.isEmpty {
            // The allocator shall keep its pages: PyTorch spends half its time on page faults else.
            let settings = ["LD_PRELOAD": preloads, "MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always"]
            process.environment = ProcessInfo.processInfo.environment.merging(settings) { $1 }
        }
        process.standardInput = requests
        process.standardOutput = answers
        try process.run()
    }

    deinit {
        try? requests.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// One turn: sends a line and waits for its answer.
    func turn<Answer: Decodable>(_ request: String, as type: Answer.Type = Answer.self) throws -> Answer {
        try requests.fileHandleForWriting.write(contentsOf: Data("\(request)\n".utf8))
        var line = Data()
        while let byte = try answers.fileHandleForReading.read(upToCount: 1), byte != Data("\n".utf8) {
            line += byte
        }
        guard !line.isEmpty else { throw PeerError(description: "the peer ended before it answered \"\(request)\"") }
        return try JSONDecoder().decode(Answer.self, from: line)
    }
}
