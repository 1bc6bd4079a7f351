import Foundation
import Testing

/// A long-running command of the real binary, watched through the lines it prints.
final class Service {
    private let process = Process()
    private let output: FileHandle
    private var unread = Data()

    var identifier: Int32 { process.processIdentifier }

    /// Starts a command and waits until it says that it is ready.
    init(_ arguments: [String], environment: [String: String]) throws {
        process.executableURL = Command.binary
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.tieToUs()
        let pipe = Pipe()
        process.standardOutput = pipe
        output = pipe.fileHandleForReading
        try process.run()
        let ready = try line()
        #expect(ready["event"] as? String == "ready", "\(ready)")
    }

    /// The next line it prints, which is a JSON object.
    func line() throws -> [String: Any] {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = unread[..<end]
                unread = Data(unread[(end + 1)...])
                return try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            }
            let more = output.availableData
            try #require(!more.isEmpty, "the process ended (\(process.arguments ?? []))")
            unread += more
        }
    }

    /// Kills it without a word.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Stops it in order; returns the exit status.
    @discardableResult
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

extension Process {
    /// Lets it stop by itself when this process ends, however it ends: its standard input is the lifeline that a
    /// supervisor gives its children. To be called after the environment is set.
    func tieToUs() {
        standardInput = Pipe()
        environment?["AUSCULT_LIFELINE"] = "0"
    }
}

/// Waits until something holds, at most so many seconds.
func waitUntil(_ what: String, seconds: Double = 30, _ holds: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try !holds() {
        try #require(Date() < deadline, "in vain for \(seconds) s: \(what)")
        poll(nil, 0, 50)
    }
}
