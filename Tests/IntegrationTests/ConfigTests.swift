import Foundation
import Testing

/// Settings from arguments, environment and file.
@Suite struct ConfigTests {
    private func settings(_ output: Command.Output) throws -> [String: [String: Any]] {
        Dictionary(uniqueKeysWithValues: try output.objects().map { ($0["setting"] as? String ?? "", $0) })
    }

    @Test func argumentsWinOverTheEnvironmentAndThatOverTheFile() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "plant.conf")
            try Data("# the plant\nsite = line-3\nbroker = ipc:///file\ndatabase = postgresql://a:secret@h/d\n".utf8)
                .write(to: file)
            let shown = try settings(
                Command.succeed(
                    ["config", "show", "--config", file.path, "--to", "ipc:///argument", "--json"],
                    environment: ["AUSCULT_BROKER": "ipc:///environment", "AUSCULT_SITE": "line-4"]))
            #expect(shown["broker"]?["value"] as? String == "ipc:///argument")
            #expect(shown["broker"]?["origin"] as? String == "argument")
            #expect(shown["site"]?["value"] as? String == "line-4")
            #expect(shown["site"]?["origin"] as? String == "environment AUSCULT_SITE")
            #expect(shown["database"]?["value"] as? String == "postgresql://a:****@h/d")
            #expect(shown["database"]?["origin"] as? String == file.path)
            #expect(shown["workers"]?["origin"] as? String == "default")
        }
    }

    /// As an editor on another system leaves it, with passwords that hold what separates.
    @Test(arguments: [
        ("postgresql://a:se#cr@et/x@h/d", "postgresql://a:****@h/d"),
        ("host=h password = 'a b' user=u", "host=h password=****"),
        ("postgresql://h/d?password=a&password=secret", "postgresql://h/d?password=****"),
        ("postgresql://h/d?user=u&pass%77ord=secret", "postgresql://h/d?user=u&pass%77ord=****"),
        ("postgresql://h/d?sslpassword=secret", "postgresql://h/d?sslpassword=****"),
    ]) func filesOfAnySystemAndSecretsOfAnyForm(_ url: String, _ masked: String) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "plant.conf")
            let text = "\u{FEFF}# the plant\r\nsite = line#3 # ours\r\n\r\ndatabase = \(url)\r\nworkers=2\r\n"
            try Data(text.utf8).write(to: file)
            let shown = try settings(Command.succeed(["config", "show", "--config", file.path, "--json"]))
            #expect(shown["site"]?["value"] as? String == "line#3")
            #expect(shown["database"]?["value"] as? String == masked)
            #expect(shown["workers"]?["value"] as? String == "2")
        }
    }

    @Test func aWrongLineIsNamed() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "plant.conf")
            try Data("site = line-3\nsight = line-3\n".utf8).write(to: file)
            let output = try Command.run(["config", "show", "--config=\(file.path)"])
            #expect(output.status == 2)
            #expect(output.errors.contains("plant.conf, line 2"))
            #expect(try Command.run(["config", "show", "--config", "\(file.path).absent"]).status == 2)
        }
    }
}
