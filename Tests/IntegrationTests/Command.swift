import Foundation
import Testing

/// Runs the real binary as a user does.
struct Command {
    struct Output {
        let status: Int32
        let lines: [String]
        let errors: String

        /// Standard output as one JSON object per line.
        func objects() throws -> [[String: Any]] {
            try lines.map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
            }
        }
    }

    static var binary: URL {
        if let path = ProcessInfo.processInfo.environment["AUSCULT_BINARY"] { return URL(filePath: path) }
        return URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../.build/release/auscult"
        ).standardizedFileURL
    }

    /// Runs a command to its end.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Output {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let collector = Collector(errors.fileHandleForReading)
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus,
            lines: String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init),
            errors: collector.text())
    }

    /// Runs a command that must succeed.
    @discardableResult
    static func succeed(_ arguments: [String], environment: [String: String] = [:]) throws -> Output {
        let output = try run(arguments, environment: environment)
        try #require(output.status == 0, "auscult \(arguments.joined(separator: " ")): \(output.errors)")
        return output
    }
}

/// Reads a pipe to its end on a thread of its own, so that a child never blocks on a full one.
final class Collector: @unchecked Sendable {
    // `bytes` is written before `done` is signalled and read after it was waited for.
    private var bytes = Data()
    private let done = DispatchSemaphore(value: 0)

    init(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            bytes = handle.readDataToEndOfFile()
            done.signal()
        }
    }

    func text() -> String {
        done.wait()
        done.signal()
        return String(decoding: bytes, as: UTF8.self)
    }
}
