import Foundation
import PostgreSQL
import Testing

/// What a cluster leaves on the disk: who may read it, and who finds out when it is damaged.
@Suite(.serialized) struct StoredBytesTests {
    @Test func everythingIsItsUsersAlone() throws {
        try withTemporaryDirectory { directory in
            let plant = try ScoringPlant(in: directory, clips: 12, workers: 1, options: ["--secure"])
            let gateway = try plant.startGateway()
            for index in plant.clips.indices { try plant.record(index) }
            try plant.everyClipIsScoredOnce()
            let data = plant.cluster.directory
            for root in [data, plant.outbox] {
                let entries = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
                for case let entry as URL in entries {
                    // PostgreSQL guards what is below its own folder.
                    if entry.lastPathComponent == "postgres" { entries.skipDescendants() }
                    let attributes = try FileManager.default.attributesOfItem(atPath: entry.path)
                    let mode = try #require(attributes[.posixPermissions] as? Int)
                    let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
                    #expect(mode == (isFolder ? 0o700 : 0o600), "\(entry.path) has mode \(String(mode, radix: 8))")
                }
            }
            // The account of the private database server passes through to its own folder, and sees nothing.
            let mode = try FileManager.default.attributesOfItem(atPath: data.path)[.posixPermissions] as? Int
            #expect(mode == (geteuid() == 0 ? 0o711 : 0o700))
            #expect(try plant.cluster.text("SHOW data_checksums") == "on")
            #expect(gateway.stop() == 0)
            try lookFor(damageIn: plant)
            #expect(plant.cluster.stop() == 0)
        }
    }

    private func lookFor(damageIn plant: ScoringPlant) throws {
        let environment = plant.cluster.environment
        let sound = try Command.run(["db", "scrub", "--json"], environment: environment)
        #expect(sound.status == 0)
        #expect(try sound.objects().last?["damaged"] as? Int == 0)
        // A bit in the middle of the second clip.
        let row = try plant.cluster.text(
            "SELECT segment || ' ' || position || ' ' || length || ' ' || job FROM auscult.clip ORDER BY job OFFSET 1 LIMIT 1"
        )
        let numbers = row.split(separator: " ").compactMap { Int($0) }
        try #require(numbers.count == 4)
        let file = plant.cluster.directory.appending(path: "broker/clips/000000000\(numbers[0]).segment")
        var bytes = try Data(contentsOf: file)
        bytes[numbers[1] + 24 + numbers[2] / 2] ^= 4
        try bytes.write(to: file)
        for _ in 0..<2 {
            let damaged = try Command.run(["db", "scrub", "--json"], environment: environment)
            #expect(damaged.status == 1)
            #expect(try damaged.objects().first?["subject"] as? String == "\(numbers[3])")
            #expect(try damaged.objects().last?["damaged"] as? Int == 1)
            #expect(try plant.cluster.count("SELECT count(*) FROM auscult.damaged WHERE job = \(numbers[3])") == 1)
        }
        bytes[numbers[1] + 24 + numbers[2] / 2] ^= 4
        try bytes.write(to: file)
        #expect(try Command.run(["db", "scrub"], environment: environment).status == 0)
        #expect(
            try plant.cluster.count("SELECT count(*) FROM auscult.damaged") == 0, "what is sound again is forgotten")
    }

    /// A worker that does not stop holds the first one up.
    @Test func aSecondSignalEndsUpAtOnceAndItsServicesByThemselves() throws {
        try withTemporaryDirectory { directory in
            let cluster = try Cluster(in: directory.appending(path: "data"), workers: 1)
            let services = try ["worker", "broker", "coordinator"].flatMap { try cluster.processes(of: $0) }
            let worker = try cluster.process(of: "worker")
            kill(worker, SIGSTOP)
            let begun = ContinuousClock.now
            #expect(cluster.stopAtOnce() == SIGTERM)
            #expect(ContinuousClock.now - begun < .seconds(10), "less than a worker is given")
            kill(worker, SIGCONT)
            try waitUntil("the services have ended", seconds: 30) { services.allSatisfy { kill($0, 0) != 0 } }
            let server = try PrivateServer(directory: cluster.directory.path)
            #expect(server.processIdentifier != nil, "the database goes on")
            let next = try Cluster(in: cluster.directory, workers: 1)
            #expect(next.stop() == 0)
            #expect(server.processIdentifier == nil)
        }
    }
}
