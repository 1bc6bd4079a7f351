import Foundation
import Testing

/// A cluster whose connections are protected: everything works with the right keys and nothing with others.
@Suite(.serialized) struct KeysTests {
    @Test func aSecureClusterLetsInOnlyWhoIsAllowed() throws {
        try withTemporaryDirectory { directory in
            let plant = directory.appending(path: "plant")
            try Command.succeed(["synth", plant.path, "--machines", "1", "--clips", "12", "--seed", "7"])
            let type = try #require(
                try FileManager.default.contentsOfDirectory(atPath: plant.path).first {
                    FileManager.default.fileExists(atPath: "\(plant.path)/\($0)/test")
                })
            let port = try freePort()
            let data = directory.appending(path: "data")
            let cluster = try Cluster(
                in: data, workers: 1, options: ["--secure", "--listen", "tcp://127.0.0.1:\(port)"])
            defer { cluster.stop() }
            try Command.succeed(["dataset", "import", "plant", plant.path], environment: cluster.environment)
            let trained = try Command.succeed(
                ["train", "--dataset", "plant", "--model", "density", "--json"], environment: cluster.environment)
            let version = try #require(try trained.objects().last?["modelVersion"] as? String)
            try Command.succeed(["model", "promote", version], environment: cluster.environment)
            func push(_ options: [String], _ environment: [String: String]) throws -> Command.Output {
                try Command.run(
                    ["push", "\(plant.path)/\(type)/test", "--machine", type, "--json"] + options,
                    environment: environment)
            }
            let scored = try push(["--wait"], cluster.environment)
            #expect(scored.status == 0, "\(scored.errors)")
            #expect(try scored.objects().allSatisfy { $0["score"] is Double })

            let keys = directory.appending(path: "line-3.json")
            let made = try Command.succeed(
                ["keys", "new", keys.path, "--role", "gateway", "--name", "line-3", "--json"],
                environment: cluster.environment
            ).objects()
            let publicKey = try #require(made.first?["publicKey"] as? String)
            let elsewhere = ["AUSCULT_BROKER": "tcp://127.0.0.1:\(port)", "AUSCULT_KEYS": keys.path]

            let unknown = try push(["--site", "line-3"], elsewhere)
            #expect(unknown.status == 3, "\(unknown.errors)")

            try Command.succeed(
                ["keys", "allow", publicKey, "--role", "gateway", "--site", "line-3", "--name", "line-3"],
                environment: cluster.environment)
            // The broker learns of it within a second, and until then nobody answers.
            #expect(try push(["--site", "line-3"], elsewhere).status == 0)
            let wrongSite = try push(["--site", "line-4"], elsewhere)
            #expect(wrongSite.status == 1)
            #expect(try wrongSite.objects().allSatisfy { ($0["error"] as? String)?.contains("line-3 only") == true })

            let wrongRole = try push(["--keys", "\(data.path)/keys/worker.json"], cluster.environment)
            #expect(wrongRole.status == 1)
            #expect(wrongRole.errors.contains("is that of a worker"), "\(wrongRole.errors)")

            try Command.succeed(["keys", "revoke", publicKey], environment: cluster.environment)
            let listed = try Command.succeed(["keys", "list", "--json"], environment: cluster.environment).objects()
            #expect(listed.first { $0["publicKey"] as? String == publicKey }?["revoked"] as? Bool == true)
            try waitUntil("the revoked key is shut out") { try push(["--site", "line-3"], elsewhere).status != 0 }

            let plain = try push([], ["AUSCULT_BROKER": "tcp://127.0.0.1:\(port)"])
            #expect(plain.status == 3)
            for code in [122, 127, 202] {
                try waitUntil("refusals of \(code) are counted") {
                    try cluster.count("select count(*) from auscult.refusals where code = \(code) and count > 0") == 1
                }
            }
        }
    }

    @Test func keysStayPrivate() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "broker.json").path
            let made = try Command.succeed(["keys", "new", file, "--role", "broker", "--json"])
            let publicKey = try #require(try made.objects().first?["publicKey"] as? String)
            #expect(publicKey.count == 40)
            let content = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file))) as? [String: Any])
            let secret = try #require(content["secretKey"] as? String)
            #expect(!made.lines.contains { $0.contains(secret) } && !made.errors.contains(secret))
            #expect(try Command.run(["keys", "new", file, "--role", "broker"]).status != 0)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
            let output = try Command.run([
                "broker", "--listen", "tcp://127.0.0.1:0", "--data", "\(directory.path)/data", "--keys", file,
                "--database", "postgresql://nobody@127.0.0.1:1/auscult",
            ])
            #expect(output.status == 2 && output.errors.contains("chmod 600"), "\(output.errors)")
        }
    }

    /// A port of loopback that nobody listens on now.
    private func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        try #require(bound)
        return UInt16(bigEndian: address.sin_port)
    }
}
