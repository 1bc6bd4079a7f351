internal import FoundationEssentials
internal import Glibc
internal import Nodes

/// A cluster of real processes under a steady load while a plan goes wrong, and the ledger's verdict on it.
package struct ChaosRun {
    /// Path of the `auscult` program.
    package let executable: String
    /// An empty directory; it is emptied afterwards.
    package let directory: String
    package let seed: UInt64
    package let seconds: Int
    package let faults: Int
    /// Recordings per second.
    package let rate: Double
    /// One JSON object for each thing that happens.
    package let say: (String) -> Void

    package init(
        executable: String, directory: String, seed: UInt64, seconds: Int, faults: Int, rate: Double,
        say: @escaping (String) -> Void
    ) {
        (self.executable, self.directory, self.seed) = (executable, directory, seed)
        (self.seconds, self.faults, self.rate, self.say) = (seconds, faults, rate, say)
    }

    /// The places where it hurts.
    private struct Scene {
        let cluster: ChaosCluster
        let gateways: [ChaosGateway]
        let links: [SlowLink]
    }

    package func run() throws -> ChaosVerdict {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        // Twice what the clips take, so that only ballast fills it.
        let megabytes = 512 + Int(Double(seconds) * rate * 0.64)
        let cluster = try ChaosCluster(
            executable: executable, data: "\(directory)/data", workers: 2, diskMegabytes: megabytes)
        let verdict = Result { try run(on: cluster) }
        try cluster.stop()
        if case .success(let verdict) = verdict, verdict.isClean {
            try FileManager.default.removeItem(atPath: directory)
        }
        return try verdict.get()
    }

    private func run(on cluster: ChaosCluster) throws -> ChaosVerdict {
        let plant = try ChaosPlant(on: cluster, executable: executable, directory: directory)
        let links = try cluster.endpoints.map { try SlowLink(to: String($0.dropFirst("ipc://".count))) }
        let endpoints = [cluster.endpoints, links.map(\.endpoint)].map { $0.joined(separator: ",") }
        let gateways = try endpoints.enumerated().map { number, endpoints in
            try ChaosGateway(
                executable: executable, home: "\(directory)/gateway-\(number)", endpoints: endpoints,
                machine: ChaosPlant.machine, site: "chaos-\(number)")
        }
        let plan = ChaosPlan(seed: seed, seconds: seconds, faults: faults, canFillDisk: cluster.canFillDisk)
        let feed = try ChaosFeed(recordings: plant.recordings, into: gateways.map(\.watched), rate: rate)
        let begin = SteadyClock.milliseconds
        let calendar = Double(SteadyClock.calendarMicroseconds) / 1e6
        var windows: [ClosedRange<Double>] = []
        for fault in plan.faults {
            wait(until: begin + fault.at)
            let from = Double(SteadyClock.calendarMicroseconds) / 1e6
            try commit(fault, Scene(cluster: cluster, gateways: gateways, links: links))
            let to = Double(SteadyClock.calendarMicroseconds) / 1e6
            windows.append(from...to + Double(ChaosPlan.recoveryMilliseconds) / 1e3)
            let lasted = Int((to - from) * 1_000)
            say(
                #"{"event":"fault","fault":"\#(fault.kind.rawValue)","atSeconds":\#(Int(from - calendar)),"#
                    + #""milliseconds":\#(lasted)}"#)
        }
        wait(until: begin + plan.duration)
        let books = try ChaosBooks(fed: feed.stop(), settledOn: cluster)
        for gateway in gateways { try gateway.stop() }
        for link in links { try link.stop() }
        return try ChaosVerdict(plan: plan, books: books, begin: calendar, windows: windows, cluster.connect())
    }

    private func wait(until moment: Int64) {
        while SteadyClock.milliseconds < moment { poll(nil, 0, Int32(clamping: moment - SteadyClock.milliseconds)) }
    }

    /// Lets a fault happen and, where it lasts, end.
    private func commit(_ fault: ChaosFault, _ scene: Scene) throws {
        let gateway = scene.gateways[fault.choice % scene.gateways.count]
        switch fault.kind {
        case .killWorker: try worker(fault, scene).map { _ = kill($0, SIGKILL) }
        case .stopWorker: try hold(worker(fault, scene), fault)
        case .killGateway: gateway.send(SIGKILL)
        case .stopGateway:
            gateway.send(SIGSTOP)
            wait(until: SteadyClock.milliseconds + fault.span)
            gateway.send(SIGCONT)
        case .killBroker: try scene.cluster.broker(leading: true).map { _ = kill($0, SIGKILL) }
        case .stopBroker: try hold(scene.cluster.broker(leading: true), fault)
        case .killStandby: try scene.cluster.broker(leading: false).map { _ = kill($0, SIGKILL) }
        case .crashDatabase: try scene.cluster.crashDatabase()
        case .fillDisk:
            scene.cluster.fillDisk()
            wait(until: SteadyClock.milliseconds + fault.span)
            scene.cluster.clearDisk()
        case .pauseNetwork, .trickleNetwork:
            scene.links.forEach { $0.set(fault.kind == .pauseNetwork ? .paused : .trickling) }
            wait(until: SteadyClock.milliseconds + fault.span)
            scene.links.forEach { $0.set(.open) }
        }
    }

    private func worker(_ fault: ChaosFault, _ scene: Scene) throws -> Int32? {
        let workers = try scene.cluster.workers()
        return workers.isEmpty ? nil : workers[fault.choice % workers.count]
    }

    private func hold(_ process: Int32?, _ fault: ChaosFault) throws {
        guard let process else { return }
        kill(process, SIGSTOP)
        wait(until: SteadyClock.milliseconds + fault.span)
        kill(process, SIGCONT)
    }
}
