import Foundation
import PostgreSQL
import Testing

/// PostgreSQL goes away under a running cluster and comes back: nothing else restarts, and its books are complete.
@Suite(.serialized) struct DatabaseLossTests {
    private func services(_ cluster: Cluster) throws -> [Int32] {
        try ["broker", "coordinator", "worker"].flatMap { try cluster.processes(of: $0) }.sorted()
    }

    @Test(arguments: [SIGKILL, SIGQUIT]) func aPrivateDatabaseThatDiesIsBackByItself(signal: Int32) throws {
        try withTemporaryDirectory { directory in
            let plant = try ScoringPlant(in: directory, clips: 60, options: ["--standby"])
            defer { plant.cluster.stop() }
            let gateway = try plant.startGateway()
            defer { gateway.stop() }
            let before = try services(plant.cluster)
            let server = try PrivateServer(directory: plant.cluster.directory.path)
            for index in plant.clips.indices {
                try plant.record(index)
                guard index % 25 == 10 else { continue }
                let victim = try #require(server.processIdentifier)
                kill(victim, signal)
                try waitUntil("the database is back") {
                    server.processIdentifier.map { $0 != victim } == true
                        && (try? Connection(plant.cluster.databaseURL)) != nil
                }
            }
            try plant.everyClipIsScoredOnce()
            #expect(try services(plant.cluster) == before)
            // The coordinator works, too.
            try Command.succeed(
                ["train", "--dataset", "plant", "--model", "density"], environment: plant.cluster.environment)
            #expect(plant.cluster.stop() == 0)
            #expect(server.processIdentifier == nil)
        }
    }

    @Test func anExternalDatabaseMayStayAwayForLong() throws {
        try withTemporaryDirectory { directory in
            let server = try PrivateServer(directory: directory.path)
            try server.start()
            defer { #expect(throws: Never.self) { try server.stop() } }
            let plant = try ScoringPlant(
                in: directory, clips: 30, options: ["--database", server.databaseURL()])
            defer { plant.cluster.stop() }
            let gateway = try plant.startGateway()
            defer { gateway.stop() }
            let before = try services(plant.cluster)
            for index in plant.clips.indices {
                if index == 10 { try server.stopImmediately() }
                try plant.record(index)
            }
            // So long that the broker does not trust its leadership any more.
            try waitUntil("the broker waits for the database") {
                try Command.run(["status"], environment: plant.cluster.environment).errors.contains("database")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: plant.outbox.path).count > 1)
            try server.start(at: server.port)
            try plant.everyClipIsScoredOnce()
            #expect(try services(plant.cluster) == before)
        }
    }
}
