internal import FoundationEssentials
internal import Glibc
internal import Nodes
internal import Plant
internal import PostgreSQL

/// Harms to everything that is stored, of a plant that runs and of one that is started anew: no score may be wrong, no
/// clip may vanish, and everything that is damaged must be named.
package final class BitFlips {
    private struct Row {
        let job: Int64
        let path: String
        let sha256: ContentHash
        let segment: Int64
        let position: Int
        let length: Int
    }

    private let executable: String
    let directory: String
    var dice: ChaosDice
    private let say: (String) -> Void

    /// - Parameters:
    ///   - executable: path of the `auscult` program.
    ///   - directory: empty; it is emptied afterwards where nothing is wrong.
    package init(executable: String, directory: String, seed: UInt64, say: @escaping (String) -> Void) {
        (self.executable, self.directory, self.say) = (executable, directory, say)
        dice = ChaosDice(seed: seed)
    }

    /// - Parameters:
    ///   - harms: in all.
    ///   - clips: that are pushed, each of its own content.
    package func run(harms: Int, clips: Int) throws -> [BitFlipReport] {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        var reports = [
            try featureCache(harms / 10), try journal(harms / 10), try outbox(harms / 10),
        ]
        for report in reports { say(report.json) }
        reports += try plant(harms: harms - harms / 10 * 3, clips: clips)
        if reports.allSatisfy(\.isClean) { try FileManager.default.removeItem(atPath: directory) }
        return reports
    }

    // MARK: a plant

    private var data: String { "\(directory)/data" }
    private var environment: [String: String] { ["AUSCULT_DATA": data] }
    private var recordings: String { "\(directory)/recordings" }

    private func plant(harms: Int, clips: Int) throws -> [BitFlipReport] {
        var cluster = try start()
        try teach(clips)
        let truth = try scores(of: push("truth"))
        guard truth.count == clips else { throw ChaosError("\(clips) clips were pushed, \(truth.count) scored") }
        try auscult(["scale", "0"])
        let watch = try Connection(cluster.address.databaseURL)
        while try watch.execute("SELECT count(*)::int FROM auscult.worker")[0].int(0) > 0 { poll(nil, 0, 200) }
        try auscult(["push", recordings, "--machine", ChaosPlant.machine, "--site", "harmed"])
        let restarted = harms * 5 / 10
        let running = harms * 3 / 10
        // What lies on the disk is harmed while nobody looks, and the broker that starts then must see it.
        try cluster.stop()
        let harmed = try harmSegments("clips", restarted)
        cluster = try start()
        var first = BitFlipReport("segments of a plant that starts")
        first.harms = restarted
        try judge(&first, site: "harmed", harmed: harmed(cluster.address.databaseURL), truth, cluster)
        say(first.json)
        // And while the broker runs: its scrub, or whoever needs the bytes, must see it.
        var second = BitFlipReport("segments of a plant that runs")
        second.harms = running
        let later = try harmSegments("clips", running / 2)
        let content = try harmSegments("content", running - running / 2)
        let connection = try Connection(cluster.address.databaseURL)
        let expected =
            try later(cluster.address.databaseURL).map { "clip \($0.job)" }
            + content(cluster.address.databaseURL).map { "content \($0.sha256)" }
        let status = try auscult(["db", "scrub"], expecting: nil)
        let named = Set(
            try connection.execute("SELECT kind || ' ' || subject FROM auscult.damaged").map { try $0.text(0) })
        second.damaged = expected.count
        second.named = expected.count { named.contains($0) }
        second.silent = named.subtracting(expected).count + (status == 0 && !expected.isEmpty ? 1 : 0)
        say(second.json)
        let models = try harmModels(harms - restarted - running, connection)
        say(models.json)
        try cluster.stop()
        return [first, second, models]
    }

    private func start() throws -> ClusterProcess {
        try ClusterProcess(
            executable: executable, arguments: ["--data", data],
            environment: ["AUSCULT_SEGMENT_MEGABYTES": "16", "AUSCULT_WORKERS": "1"])
    }

    @discardableResult
    private func auscult(_ arguments: [String], expecting expected: Int32? = 0) throws -> Int32 {
        let status = try Program.run(executable, arguments, environment: environment)
        guard expected == nil || status == expected else {
            throw ChaosError("auscult \(arguments.joined(separator: " ")) ended with \(status); its message is above")
        }
        return status
    }

    /// Trains a model on a small plant, promotes it, and makes recordings to push.
    private func teach(_ clips: Int) throws {
        let plant = "\(directory)/plant"
        for command in [
            ["synth", plant, "--machines", "1", "--clips", "24", "--seed", "5"], ["dataset", "import", "plant", plant],
            ["train", "--dataset", "plant", "--model", "density"], ["model", "promote", "density-1"],
        ] { try auscult(command) }
        try FileManager.default.createDirectory(atPath: recordings, withIntermediateDirectories: true)
        let folder = "\(plant)/fan/train"
        let sources = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
        }
        for number in 0..<clips {
            try Data(ChaosFeed.recording(number, of: sources)).write(to: URL(filePath: "\(recordings)/\(number).wav"))
        }
    }

    private func push(_ site: String) throws -> String {
        try auscult(["push", recordings, "--machine", ChaosPlant.machine, "--site", site, "--wait"])
        return site
    }

    /// By the name of the clip.
    private func scores(of site: String) throws -> [String: Double] {
        let connection = try Connection(try ClusterAddress.read(from: data).databaseURL)
        let rows = try connection.execute(
            "SELECT name, score FROM auscult.results WHERE site = $1", [.text(site)])
        return try Dictionary(uniqueKeysWithValues: rows.map { (try $0.text(0), try $0.double(1)) })
    }

    // MARK: harm and judgement

    /// Harms segment files; returns what finds the rows whose bytes were harmed, by their hashes and without the product.
    private func harmSegments(
        _ store: String, _ harms: Int
    ) throws -> (_ databaseURL: String) throws -> [Row] {
        let folder = "\(data)/broker/\(store)"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".segment") }
            .sorted()
        for number in 0..<harms where !files.isEmpty {
            let file = "\(folder)/\(files[Int.random(in: files.indices, using: &dice)])"
            // A truncation takes many clips along, so that few are enough.
            let flip = BitFlip(&dice)
            if flip.kind == .flip || number % 40 == 0 { try flip.harm(file: file) }
        }
        let table = store == "clips" ? "clip" : "content"
        return { databaseURL in
            let columns = table == "clip" ? "job, name" : "0::bigint, ''"
            let rows = try Connection(databaseURL).execute(
                "SELECT \(columns), sha256, segment, position, length FROM auscult.\(table) WHERE segment > 0")
            var contents: [Int64: [UInt8]] = [:]
            return try rows.map { row in
                guard let hash = ContentHash(bytes: try row.bytes(2)) else { throw ChaosError("no hash in a row") }
                return Row(
                    job: try row.int64(0), path: try row.text(1), sha256: hash, segment: try row.int64(3),
                    position: try row.int(4), length: try row.int(5))
            }.filter { row in
                if contents[row.segment] == nil {
                    let digits = String(row.segment)
                    let name = String(repeating: "0", count: 10 - digits.count) + digits
                    contents[row.segment] = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name).segment")))
                }
                let bytes = contents[row.segment] ?? []
                let begin = row.position + 24
                guard begin + row.length <= bytes.count else { return true }
                return ContentHash(of: Array(bytes[begin..<begin + row.length])) != row.sha256
            }
        }
    }

    private func judge(
        _ report: inout BitFlipReport, site: String, harmed: [Row], _ truth: [String: Double], _ cluster: ClusterProcess
    ) throws {
        let connection = try Connection(cluster.address.databaseURL)
        try auscult(["scale", "1"])
        let open = "SELECT count(*)::int FROM auscult.open_clip WHERE site = '\(site)'"
        let deadline = SteadyClock.milliseconds + 300_000
        while try connection.execute(open)[0].int(0) > 0, SteadyClock.milliseconds < deadline { poll(nil, 0, 200) }
        let mine = try Set(
            connection.execute("SELECT job FROM auscult.clip WHERE site = $1", [.text(site)]).map { try $0.int64(0) })
        let dead = try Set(
            connection.execute("SELECT job FROM auscult.dead_letter WHERE code = 503").map { try $0.int64(0) })
        let scored = try scores(of: site)
        let damaged = Set(harmed.map(\.job)).intersection(mine)
        report.damaged = damaged.count
        report.named = damaged.intersection(dead).count
        report.wrong = scored.count { $0.value != truth[$0.key] }
        report.silent = mine.count - scored.count - dead.intersection(mine).count + dead.subtracting(damaged).count
    }

    /// Flips bits of a model where the database keeps it; whoever asks for the file must be told.
    private func harmModels(_ harms: Int, _ connection: Connection) throws -> BitFlipReport {
        var report = BitFlipReport("models in the database")
        let bits = try connection.execute(
            "SELECT octet_length(file) * 8 FROM auscult.model_version WHERE version = 'density-1'")[0].int(0)
        let out = "\(directory)/model.safetensors"
        for number in 0..<harms {
            let flip =
                "UPDATE auscult.model_version SET file = set_bit(file, $1::int, 1 - get_bit(file, $1::int)) "
                + "WHERE version = 'density-1'"
            let bit = Parameter.int(Int.random(in: 0..<bits, using: &dice))
            try connection.execute(flip, [bit])
            report.harms += 1
            report.damaged += 1
            let isListed = try !connection.execute("SELECT FROM auscult.damaged_rows WHERE kind = 'model'").isEmpty
            if isListed { report.named += 1 }
            // A process for each would take minutes.
            if number % 10 == 0, try auscult(["model", "export", "density-1", out], expecting: nil) == 0 {
                report.wrong += 1
            }
            try connection.execute(flip, [bit])
        }
        if try auscult(["model", "export", "density-1", out], expecting: nil) != 0 { report.silent += 1 }
        return report
    }
}
