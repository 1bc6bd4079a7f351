import ArgumentParser
import Datasets
import Detection
import FoundationEssentials
import Networks
import Plant
import Spectra
import Tensors

/// What the ear costs, and what it hears after few normal clips.
struct EarCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ear", abstract: "Time the ear beside the density; draw its curve over few normal clips.",
        discussion: """
            FOLDER holds log-mels (.npy) in the DCASE layout. Of each machine some of its normal clips are drawn, its peers
            keeping all of theirs, and its test clips are scored.

            Example: auscult-bench ear toycar-logmel
            """)

    @Argument(help: "A folder of log-mels in the DCASE layout.")
    var folder: String

    @Option(help: "How many normal clips a machine is given; several with commas.")
    var normals = "5,10,20,40,80"

    @Option(help: "Draws of each number.")
    var draws = 10

    private struct Clip {
        let logMel: LogMel
        let hearing: Hearing
    }

    private struct Machine {
        let name: MachineName
        var train: [Clip] = []
        var normal: [Clip] = []
        var anomalous: [Clip] = []
    }

    func run() throws {
        let source = try DatasetFolder(folder)
        guard let record = source.feature else { throw ValidationError("\(folder) has no dataset.json") }
        let feature = try LogMelParameters(record)
        let machines = try read(source)
        try showTimes(machines, feature)
        for count in normals.split(separator: ",").compactMap({ Int($0) }) {
            try showCurve(count, machines, feature)
        }
    }

    private func read(_ source: DatasetFolder) throws -> [Machine] {
        var machines: [MachineName: Machine] = [:]
        for entry in source.entries where entry.format == .logMel {
            let bytes = try Array(Data(contentsOf: URL(filePath: "\(source.path)/\(entry.path)")))
            let logMel = try NumPyArray.read(bytes, name: entry.path)
            let clip = Clip(logMel: logMel, hearing: logMel.hearing)
            var machine = machines[entry.machine] ?? Machine(name: entry.machine)
            switch (entry.split, entry.isAnomaly) {
            case (.train, _): machine.train.append(clip)
            case (.test, false): machine.normal.append(clip)
            case (.test, true): machine.anomalous.append(clip)
            }
            machines[entry.machine] = machine
        }
        return machines.values.sorted { $0.name < $1.name }
    }
}

// MARK: few normal clips

extension EarCommand {
    private func showCurve(_ count: Int, _ machines: [Machine], _ feature: LogMelParameters) throws {
        let model = try fitted(machines, feature)
        for hasPeers in [true, false] {
            var sums = [Double](repeating: 0, count: 4)
            var trials = 0
            for (number, machine) in machines.enumerated() where machine.train.count >= count {
                for draw in 0..<draws {
                    var random = CounterRandom(15, UInt64(number), UInt64(draw))
                    let drawn = random.permutation(machine.train.count).prefix(count).sorted()
                    let enrolled = try EarEnrolment(
                        machine.name, change: .replace, plant: hasPeers ? model.members : []
                    )
                    .outcome(
                        of: drawn.map { machine.train[$0].hearing }, feature: feature, fewestFrames: 2,
                        falseAlarmRate: 0.05
                    ).model
                    let found = try judge(enrolled.members[0], machine)
                    for index in sums.indices { sums[index] += found[index] }
                    trials += 1
                }
            }
            let means = sums.map { (($0 / Double(max(trials, 1))) * 1000).rounded() / 1000 }
            Bench.say(
                "\(count) normals, \(hasPeers ? "with" : "without") peers: AUC \(means[0]), pAUC \(means[1]), at 5 %: "
                    + "false alarms \(means[2]), caught \(means[3])")
        }
    }

    private func fitted(_ machines: [Machine], _ feature: LogMelParameters) throws -> EarModel {
        let normals = Dictionary(uniqueKeysWithValues: machines.map { ($0.name, $0.train.map(\.hearing)) })
        let (model, notices) = EarModel.fitted(to: normals, feature: feature, fewestFrames: 2, falseAlarmRate: 0.05)
        guard let model else {
            throw ValidationError(notices.first?.reason ?? "\(folder) has no normal clip for training")
        }
        return model
    }

    /// AUC, pAUC, and of the clips above the threshold the shares that are normal and anomalous.
    private func judge(_ member: EarMachine, _ machine: Machine) throws -> [Double] {
        let normal = machine.normal.map { member.score(of: $0.hearing) }
        let anomalous = machine.anomalous.map { member.score(of: $0.hearing) }
        guard let curve = ReceiverCurve(normal: normal, anomalous: anomalous), let calibration = member.calibration
        else {
            throw ValidationError("\(machine.name) has no test clips of both kinds")
        }
        func share(_ scores: [Double]) -> Double {
            Double(scores.count { calibration.verdict(of: $0) == .anomalous }) / Double(scores.count)
        }
        return [curve.auc, curve.pauc(), share(normal), share(anomalous)]
    }
}

// MARK: costs

extension EarCommand {
    private func showTimes(_ machines: [Machine], _ feature: LogMelParameters) throws {
        guard let first = machines.first, let clip = first.train.first?.logMel else { return }
        let model = try fitted(machines, feature)
        let scorer = try model.makeScorer()
        let hearing = try milliseconds(200) { _ = clip.hearing }
        let scoring = try milliseconds(200) { _ = try scorer.score(.logMel(clip, feature), machine: first.name) }
        Bench.say(
            "per clip of \(clip.melBands) bands and \(clip.frames) frames: hearing \(hearing) ms, "
                + "hearing, score and reason \(scoring) ms")

        // A dozen machines of 120 clips, made of those there are.
        var ears: [MachineName: [Hearing]] = [:]
        var densities: [MachineName: [[Float]]] = [:]
        for number in 0..<12 {
            guard let name = MachineName(type: "type\(number / 3)", id: "id_\(number)") else { continue }
            let clips = machines[number % machines.count].train.prefix(120)
            ears[name] = clips.map(\.hearing)
            densities[name] = clips.map(\.logMel.timeStatistics)
        }
        let ear = try milliseconds(3) {
            _ = EarModel.fitted(to: ears, feature: feature, fewestFrames: 2, falseAlarmRate: 0.05)
        }
        let density = try milliseconds(3) {
            _ = DensityModel.fitted(to: densities, feature: feature, fewestFrames: 2, falseAlarmRate: 0.05)
        }
        Bench.say("fitting 12 machines of \(first.train.prefix(120).count) clips: ear \(ear) ms, density \(density) ms")
        let file = model.file
        let bytes = file.tensors.filter { !$0.name.hasSuffix(".normals") }.reduce(0) { $0 + 8 * $1.elements.count }
        Bench.say(
            "per machine: \(bytes / machines.count) bytes to score with, "
                + "\(file.encoded().count / machines.count) with its normal clips")
    }

    /// The median of several runs.
    private func milliseconds(_ runs: Int, _ body: () throws -> Void) throws -> Double {
        let times = try (0..<runs).map { _ in
            let start = ContinuousClock.now
            try body()
            return (ContinuousClock.now - start) / .milliseconds(1)
        }
        return (times.sorted()[runs / 2] * 1000).rounded() / 1000
    }
}
