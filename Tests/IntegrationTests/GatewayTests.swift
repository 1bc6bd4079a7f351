import Foundation
import Testing

/// Gateways as processes: the store-and-forward service, and one that knows the protocol's document only.
@Suite(.serialized) struct GatewayTests {
    /// Recordings of one machine, each of its own content.
    private func recordings(_ count: Int, in directory: URL) throws -> [URL] {
        let plant = directory.appending(path: "plant")
        try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "\(count)", "--seed", "11"])
        let files = try #require(FileManager.default.enumerator(at: plant, includingPropertiesForKeys: nil))
        return files.compactMap { $0 as? URL }.filter { $0.pathExtension == "wav" }.sorted { $0.path < $1.path }
    }

    private func folder(_ name: String, in directory: URL) throws -> URL {
        let folder = directory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }
    }

    @Test func everyClipArrivesOnceWhateverIsKilled() throws {
        try withTemporaryDirectory { directory in
            let clips = try recordings(40, in: directory)
            let (watched, outbox) = try (folder("watched", in: directory), directory.appending(path: "outbox"))
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 0)
            defer { cluster.stop() }
            let arguments = [
                "gateway", "--watch", watched.path, "--outbox", outbox.path, "--machine", "fan/id_00", "--site",
                "line-3",
                "--settle-milliseconds", "200",
            ]
            var gateway = try Service(arguments, environment: cluster.environment)
            defer { gateway.stop() }
            for (index, clip) in clips.enumerated() {
                // Written under a name that is no clip's and moved in, as recorders do; every other one in place.
                let target = watched.appending(path: "\(index).wav")
                if index % 2 == 0 {
                    let part = watched.appending(path: "\(index).part")
                    try FileManager.default.copyItem(at: clip, to: part)
                    try FileManager.default.moveItem(at: part, to: target)
                } else {
                    try FileManager.default.copyItem(at: clip, to: target)
                }
                if index % 10 == 5 {
                    gateway.kill()
                    gateway = try Service(arguments, environment: cluster.environment)
                }
                if index % 20 == 9 {
                    for broker in try cluster.processes(of: "broker") { kill(broker, SIGKILL) }
                }
            }
            try waitUntil("all clips accepted") {
                let rows = try cluster.count("select count(*) from auscult.clip")
                return try rows == clips.count && names(watched).isEmpty && names(outbox) == ["rejected"]
            }
            #expect(try cluster.count("select count(distinct key) from auscult.clip") == clips.count)
            #expect(try cluster.count("select count(distinct sha256) from auscult.clip") == clips.count)
            #expect(try cluster.count("select count(*) from auscult.clip where site = 'line-3'") == clips.count)
            #expect(try names(outbox.appending(path: "rejected")).isEmpty)
            #expect(gateway.stop() == 0)
        }
    }

    @Test func clipsWaitInTheOutboxForABrokerAndBadOnesLieAside() throws {
        try withTemporaryDirectory { directory in
            let clips = try recordings(4, in: directory)
            let (watched, outbox) = try (folder("watched", in: directory), directory.appending(path: "outbox"))
            let data = directory.appending(path: "data")
            for (index, clip) in clips.enumerated() {
                try FileManager.default.copyItem(at: clip, to: watched.appending(path: "\(index).wav"))
            }
            try Data("a letter".utf8).write(to: watched.appending(path: "letter.wav"))
            let gateway = try Service(
                [
                    "gateway", "--watch", watched.path, "--outbox", outbox.path, "--machine", "fan/id_00", "--to",
                    "ipc://\(data.path)/broker.ipc", "--settle-milliseconds", "0",
                ], environment: [:])
            defer { gateway.stop() }
            let refused = try gateway.line()
            #expect(refused["status"] as? String == "rejected")
            #expect((refused["path"] as? String)?.hasSuffix("letter.wav") == true)
            try waitUntil("the folder is empty") { try names(watched).isEmpty }
            #expect(try names(outbox).filter { $0.hasSuffix(".json") }.count == clips.count)
            let aside = try names(outbox.appending(path: "rejected")).sorted()
            #expect(aside.count == 2 && aside.contains { $0.hasSuffix("letter.wav.reason.txt") })

            let cluster = try Cluster(in: data, workers: 0)
            defer { cluster.stop() }
            let lines = try clips.map { _ in try gateway.line() }
            #expect(lines.allSatisfy { $0["status"] as? String == "accepted" && $0["job"] is Int }, "\(lines)")
            try waitUntil("the outbox is empty") { try names(outbox) == ["rejected"] }
        }
    }

    @Test func everyPathOfOneContentGetsItsLine() throws {
        try withTemporaryDirectory { directory in
            let clip = try #require(try recordings(2, in: directory).first)
            let copies = try (0..<3).map { index in
                let copy = directory.appending(path: "copy-\(index).wav")
                try FileManager.default.copyItem(at: clip, to: copy)
                return copy.path
            }
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 0)
            defer { cluster.stop() }
            func push(_ paths: [String], recordedAt time: String) throws -> [[String: Any]] {
                try Command.succeed(
                    ["push"] + paths + ["--machine", "fan/id_00", "--recorded-at", time, "--json"],
                    environment: cluster.environment
                ).objects()
            }
            let lines = try push(copies, recordedAt: "2026-01-31T12:00:00Z")
            #expect(lines.compactMap { $0["path"] as? String }.sorted() == copies)
            #expect(lines.compactMap { $0["status"] as? String }.sorted() == ["accepted", "duplicate", "duplicate"])
            let jobs = Set(lines.compactMap { $0["job"] as? Int })
            #expect(jobs.count == 1)
            // A stuck sensor delivers the same bytes again: that is another recording, of whatever time.
            for time in ["2026-01-31T12:00:10Z", "1969-12-31T23:59:59Z", "2106-02-07T06:28:17Z"] {
                let again = try push([copies[0]], recordedAt: time)
                #expect(again.map { $0["status"] as? String } == ["accepted"])
                #expect(again.allSatisfy { !jobs.contains($0["job"] as? Int ?? 0) })
            }
        }
    }

    @Test func aGatewayInPythonNeedsTheDocumentOnly() throws {
        try withTemporaryDirectory { directory in
            let clips = try recordings(6, in: directory)
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 0)
            defer { cluster.stop() }
            let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
                path: "../../schema/wire/example/test_gateway.py"
            ).standardizedFileURL
            let python = Process()
            python.executableURL = URL(filePath: "/usr/bin/python3")
            python.arguments =
                [script.path, "ipc://\(cluster.directory.path)/broker.ipc", "plant", "fan/id_00"] + clips.map(\.path)
            let output = Pipe()
            (python.standardOutput, python.standardError) = (output, output)
            try python.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            python.waitUntilExit()
            #expect(python.terminationStatus == 0, "\(text)")
            #expect(try cluster.count("select count(*) from auscult.clip where site = 'plant'") == clips.count)
            // Both gateways make the same key of the same clip.
            let again = try Command.succeed(
                ["push"] + clips.map(\.path) + ["--machine", "fan/id_00", "--site", "plant", "--json"],
                environment: cluster.environment
            ).objects()
            #expect(again.allSatisfy { $0["status"] as? String == "duplicate" })
        }
    }
}
