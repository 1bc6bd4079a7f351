internal import FoundationEssentials
internal import Glibc
internal import Nodes

/// Recorders, a watched folder, and a cluster whose database goes wrong by a plan; the bytes that were recorded and those
/// that were scored are the judge.
package struct WatchRun {
    /// Path of the `auscult` program.
    private let executable: String
    /// An empty directory; it is emptied afterwards.
    private let directory: String
    private let seed: UInt64
    private let seconds: Int
    private let faults: Int
    /// Recordings per second.
    private let rate: Double
    /// One JSON object for each thing that happens.
    private let say: (String) -> Void

    package init(
        executable: String, directory: String, seed: UInt64, seconds: Int, faults: Int, rate: Double,
        say: @escaping (String) -> Void
    ) {
        (self.executable, self.directory, self.seed) = (executable, directory, seed)
        (self.seconds, self.faults, self.rate, self.say) = (seconds, faults, rate, say)
    }

    private struct Scene {
        let database: ChaosDatabase
        let cluster: ChaosCluster
        let gateway: ChaosGateway
    }

    package func run() throws -> WatchBooks {
        let place = "\(directory)/database"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let database = try ChaosDatabase(directory: place)
        let books = Result { try run(on: database) }
        try database.stop()
        if case .success(let books) = books, books.isClean { try FileManager.default.removeItem(atPath: directory) }
        return try books.get()
    }

    private func run(on database: ChaosDatabase) throws -> WatchBooks {
        let cluster = try ChaosCluster(
            executable: executable, data: "\(directory)/data", workers: 2,
            diskMegabytes: 512 + Int(Double(seconds) * rate * 0.64), database: database.url)
        let books = Result { try run(on: cluster, database) }
        try cluster.stop()
        return try books.get()
    }

    private func run(on cluster: ChaosCluster, _ database: ChaosDatabase) throws -> WatchBooks {
        let plant = try ChaosPlant(on: cluster, executable: executable, directory: directory)
        let gateway = try ChaosGateway(
            executable: executable, home: "\(directory)/gateway", endpoints: cluster.endpoints.joined(separator: ","),
            machine: ChaosPlant.machine, site: "chaos-0", settleMilliseconds: 500)
        let recorder = try ChaosRecorder(
            recordings: plant.recordings, into: gateway.watched, rate: rate, seed: seed)
        var dice = ChaosDice(seed: seed)
        let begin = SteadyClock.milliseconds
        let kinds = WatchFault.allCases.filter {
            ($0 != .fillDisk || cluster.canFillDisk) && ($0 != .jumpClock || database.canJump)
        }
        var deck: [WatchFault] = []
        while deck.count < faults { deck += kinds.shuffled(using: &dice) }
        let scene = Scene(database: database, cluster: cluster, gateway: gateway)
        for (number, fault) in deck.prefix(faults).enumerated() {
            wait(until: begin + Int64(seconds) * 1_000 * Int64(number) / Int64(faults))
            let from = SteadyClock.milliseconds
            let span = min(Int64.random(in: fault.spans, using: &dice), Int64(seconds) * 1_000 / Int64(faults))
            try commit(fault, until: from + span, scene, &dice)
            say(
                #"{"event":"fault","fault":"\#(fault.rawValue)","atSeconds":\#((from - begin) / 1_000),"#
                    + #""milliseconds":\#(SteadyClock.milliseconds - from)}"#)
        }
        wait(until: begin + Int64(seconds) * 1_000)
        let books = try WatchBooks(recorder.stop(), of: gateway, settledOn: cluster)
        try gateway.stop()
        return books
    }

    private func wait(until moment: Int64) {
        while SteadyClock.milliseconds < moment { poll(nil, 0, Int32(clamping: moment - SteadyClock.milliseconds)) }
    }

    /// Lets a fault happen and end.
    private func commit(
        _ fault: WatchFault, until end: Int64, _ scene: Scene, _ dice: inout ChaosDice
    ) throws {
        let last = { wait(until: end) }
        switch fault {
        case .lockDatabase: try scene.database.lock(last)
        case .readOnlyDatabase: try scene.database.readOnly(last)
        case .restartDatabase: try scene.database.restart(asACrash: false, last)
        case .crashDatabase: try scene.database.restart(asACrash: true, last)
        case .jumpClock:
            try scene.database.jump(days: [2, -2, 40, -3].randomElement(using: &dice) ?? 1)
            last()
            try scene.database.jump(days: 0)
        case .fillDisk:
            scene.cluster.fillDisk()
            last()
            scene.cluster.clearDisk()
        case .killGateway: scene.gateway.send(SIGKILL)
        }
    }
}
