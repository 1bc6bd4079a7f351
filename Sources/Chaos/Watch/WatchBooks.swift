internal import FoundationEssentials
internal import Glibc
internal import Nodes
internal import Plant
internal import PostgreSQL

/// The books over a run of recorders: every file they left, by its bytes, has ended once, as a result, as a dead letter or
/// aside with a reason.
package struct WatchBooks: Encodable, Sendable {
    private let event = "verdict"
    /// Recordings, and files that are no sound.
    package let fed: Int
    package let results: Int
    package let deadLetters: Int
    /// Aside, each with a reason beside it.
    package private(set) var rejected = 0
    /// Of the results, those flagged as what their sensor delivered before.
    package let repeated: Int
    package private(set) var lost = 0
    package private(set) var twice = 0
    /// Clips and rejected files whose bytes nobody left there.
    package private(set) var foreign = 0

    package var isClean: Bool { lost == 0 && twice == 0 && foreign == 0 && fed == results + deadLetters + rejected }

    private static let patienceMilliseconds: Int64 = 240_000

    init(_ fed: ChaosRecorder.Fed, of gateway: ChaosGateway, settledOn cluster: ChaosCluster) throws {
        self.fed = fed.recordings.values.reduce(0, +) + fed.others.values.reduce(0, +)
        let connection = try cluster.connect()
        let site = "auscult.clip c WHERE site LIKE 'chaos-%'"
        let ended = """
            (job IN (SELECT job FROM auscult.result) OR job IN (SELECT job FROM auscult.dead_letter))
            """
        func count(_ question: String) throws -> Int { try connection.execute(question)[0].int(0) }
        let deadline = SteadyClock.milliseconds + Self.patienceMilliseconds
        let wanted = fed.recordings.values.reduce(0, +)
        while SteadyClock.milliseconds < deadline,
            try count("SELECT count(*)::int FROM \(site) AND \(ended)") < wanted || !Self.isEmpty(gateway)
        {
            poll(nil, 0, 500)
        }
        results = try count("SELECT count(*)::int FROM auscult.result WHERE job IN (SELECT job FROM \(site))")
        deadLetters = try count("SELECT count(*)::int FROM auscult.dead_letter WHERE job IN (SELECT job FROM \(site))")
        repeated = try count(
            """
            SELECT count(*)::int FROM auscult.result
            WHERE 'repeated' = ANY (flags) AND job IN (SELECT job FROM \(site))
            """)
        let rows = try connection.execute(
            "SELECT encode(sha256, 'hex'), count(*)::int, count(*) FILTER (WHERE \(ended))::int FROM \(site) GROUP BY 1"
        )
        var scored: [ContentHash: (clips: Int, ended: Int)] = [:]
        for row in rows {
            guard let hash = ContentHash(hexadecimal: try row.text(0)) else { continue }
            scored[hash] = (try row.int(1), try row.int(2))
        }
        let aside = try Self.contents(of: "\(gateway.outbox)/rejected")
        rejected = aside.values.reduce(0, +)
        for (hash, times) in fed.recordings {
            lost += max(0, times - (scored[hash]?.ended ?? 0))
            twice += max(0, (scored[hash]?.clips ?? 0) - times)
        }
        for (hash, times) in fed.others {
            lost += max(0, times - aside[hash, default: 0])
            twice += max(0, aside[hash, default: 0] - times)
        }
        for (hash, (clips, _)) in scored where fed.recordings[hash] == nil { foreign += clips }
        for (hash, files) in aside where fed.others[hash] == nil { foreign += files }
    }

    private static func isEmpty(_ gateway: ChaosGateway) throws -> Bool {
        let left = try FileManager.default.contentsOfDirectory(atPath: gateway.watched)
        let waiting = try FileManager.default.contentsOfDirectory(atPath: gateway.outbox)
        let taken = try FileManager.default.contentsOfDirectory(atPath: "\(gateway.outbox)/.taken")
        return left.isEmpty && taken.isEmpty && !waiting.contains { $0.hasSuffix(".json") }
    }

    /// Of the files that have a reason beside them.
    private static func contents(of folder: String) throws -> [ContentHash: Int] {
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
        var contents: [ContentHash: Int] = [:]
        for name in names where names.contains("\(name).reason.txt") {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            contents[ContentHash(of: bytes), default: 0] += 1
        }
        return contents
    }

    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
