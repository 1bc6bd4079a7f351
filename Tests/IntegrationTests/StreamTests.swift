import Foundation
import Testing

/// The command line as people use it: devices, pipes, links, closed and full outputs.
@Suite(.serialized) struct StreamTests {
    /// Runs a line of shell in which `$auscult` is the program.
    private func shell(_ line: String, in directory: URL) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.merging(["auscult": Command.binary.path]) { $1 }
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    /// One second of a tone.
    private func recording() -> Data {
        var bytes = Data("RIFF".utf8)
        func append(_ value: Int, _ count: Int) {
            for place in 0..<count { bytes.append(UInt8(value >> (8 * place) & 255)) }
        }
        append(36 + 32_000, 4)
        bytes += Data("WAVEfmt ".utf8)
        for (value, count) in [(16, 4), (1, 2), (1, 2), (16_000, 4), (32_000, 4), (2, 2), (16, 2)] {
            append(value, count)
        }
        bytes += Data("data".utf8)
        append(32_000, 4)
        for index in 0..<16_000 { append(index * 37 % 1_000 * 20, 2) }
        return bytes
    }

    @Test func outputGoesIntoDevicesPipesAndLinks() throws {
        try withTemporaryDirectory { directory in
            try recording().write(to: directory.appending(path: "a.wav"))
            let features = "$auscult features a.wav --out"
            #expect(
                try shell("\(features) a.npy && stat -c %F a.npy", in: directory).output.hasSuffix("regular file\n"))
            // The device that is written to stays what it is; a copy of it, for the real one is everybody's.
            let device = try shell("mknod null c 1 3 && \(features) null && stat -c %F null", in: directory)
            #expect(device.output.contains("Operation not permitted") || device.output.hasSuffix("special file\n"))
            let link = try shell(
                "ln -s real.npy link.npy; \(features) link.npy; readlink link.npy; cmp real.npy a.npy", in: directory)
            #expect(link.status == 0 && link.output.contains("real.npy"), "\(link)")
            let pipe = try shell(
                "mkfifo p; cat p > piped.npy & \(features) p && wait && cmp piped.npy a.npy", in: directory)
            #expect(pipe.status == 0, "\(pipe)")
            let standard = try shell("\(features) - > out.npy && cmp out.npy a.npy", in: directory)
            #expect(standard.status == 0, "\(standard)")
            let input = try shell("cat a.wav | $auscult features - --out - | cmp - a.npy", in: directory)
            #expect(input.status == 0, "\(input)")
            let named = try shell("$auscult features <(cat a.wav) --out - | cmp - a.npy", in: directory)
            #expect(named.status == 0, "\(named)")
            let refused = try shell("\(features) /nonexistent/a.npy", in: directory)
            #expect(refused.status == 1 && refused.output.contains("/nonexistent/a.npy"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory.path).allSatisfy {
                    !$0.hasPrefix(".auscult")
                })
        }
    }

    @Test(arguments: ["> /dev/full", ">&-", "| head -c 0"])
    func aResultThatNobodyGetsIsAFailure(_ redirection: String) throws {
        try withTemporaryDirectory { directory in
            for command in ["config show", "config show --json", "--version"] {
                let run = try shell("set -o pipefail; $auscult \(command) \(redirection)", in: directory)
                // A pipe's reader may be gone before or after a short text.
                #expect(run.status == 1 || redirection.hasPrefix("|"), "\(command) \(redirection): \(run)")
            }
        }
    }

    @Test func theVersionIsOneLine() throws {
        let output = try Command.succeed(["--version"])
        #expect(output.lines.count == 1)
        #expect(output.lines[0].wholeMatch(of: /auscult \d+\.\d+\.\d+, schema \d+/) != nil, "\(output.lines)")
    }

    @Test(arguments: [
        "yesterday", "2026-02-30T00:00:00Z", "2026-01-31T12:00:00", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z",
    ])
    func timesAreStrict(_ time: String) throws {
        let output = try Command.run(["push", "a.wav", "--machine", "fan/id_00", "--recorded-at", time])
        #expect(output.status == 2 && output.errors.contains(time))
    }
}
