import ArgumentParser
import Networks
import Nodes
import Spectra
import Training

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what a fleet would make of a training: step time, traffic, and the exchange that suits it.",
        discussion: """
            The network's own steps are timed on this machine first, on one core. One worker is one core; every host and the
            coordinator hang on a link of the given speed.

            Example: auscult plan --workers 16 --link-mbit 1000 --clips 20000 --channels logmel,tgram
            """)

    @Option(help: "Workers, one per core.")
    var workers: Int

    @Option(help: "Speed of a host's link, 10^6 bits per second.")
    var linkMbit: Double

    @Option(help: "Clips that are trained on.")
    var clips: Int

    @Option(help: "Workers of one host.")
    var workersPerHost = 8

    @Option(help: "Classes, which are machines.")
    var classes = 41

    @Option(help: "Clips per step.")
    var batch = 64

    @Option(help: "Clips per shard.")
    var shard = 8

    @Option(help: "Of replicas: steps from one average to the next.")
    var roundSteps = 100

    @OptionGroup(title: "Network") var network: ArchitectureOptions
    @OptionGroup(title: "Times that are known already") var times: KernelTimeOptions
    @OptionGroup var output: OutputOptions

    private struct Line: Encodable {
        let event = "estimate"
        let stage: String
        let built: Bool
        let stepSeconds: Double
        let clipsPerSecond: Double
        let coordinatorMegabitsPerSecond: Double
        let efficiency: Double
    }

    private struct Advice: Encodable {
        let event = "advice"
        let stage: String
        let available: String
        let epochSeconds: Double
        let shards: Int
        let usefulReplicas: Int
        let parameters: Int
        let shardSeconds: Double
        let tailSeconds: Double
        let sumSeconds: Double
        let optimiserSeconds: Double
    }

    func validate() throws {
        let counts = [
            ("--workers", workers, 1...1_000_000), ("--clips", clips, 1...1_000_000_000),
            ("--workers-per-host", workersPerHost, 1...4096), ("--classes", classes, 2...4096),
            ("--batch", batch, 2...4096), ("--shard", shard, 1...4096), ("--round-steps", roundSteps, 1...100_000),
        ]
        for (name, value, range) in counts where !range.contains(value) {
            throw ValidationError("\(name) is \(value); choose \(range.lowerBound) to \(range.upperBound)")
        }
        guard linkMbit > 0, linkMbit.isFinite else {
            throw ValidationError("--link-mbit is \(linkMbit); give the link's speed in Mbit/s, such as 1000")
        }
        guard shard <= batch else { throw ValidationError("--shard \(shard) is more than --batch \(batch)") }
        do throws(RunSpecificationError) {
            _ = try RunSpecification(json: specification.json)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private var specification: RunSpecification {
        var specification = RunSpecification()
        network.fill(&specification)
        return specification
    }

    /// The network of clips of ten seconds, or of crops of them.
    private var architecture: Architecture {
        var architecture = Architecture(specification, hasAudio: true)
        architecture.classes = classes
        guard let crop = network.crop else { return architecture }
        let hop = LogMelParameters.method.hopLength
        let frames = Int((crop * Double(LogMelParameters.method.sampleRateHz) / Double(hop)).rounded())
        if frames < architecture.frames {
            (architecture.frames, architecture.waveSamples) = (max(frames, 1), max(frames - 1, 1) * hop)
        }
        return architecture
    }

    func run() throws {
        let architecture = architecture
        if let complaint = architecture.complaint { throw ValidationError("no such network: \(complaint)") }
        let channels = architecture.channels.map(\.rawValue).joined(separator: ",")
        let layout = ParameterLayout(architecture)
        let known = times.known
        if known == nil { Console.note("timing a shard of \(shard) clips of \(channels) on this machine") }
        let times =
            known
            ?? KernelTimes.measured(
                architecture, batch: batch, shard: shard, teaches: network.teacher || network.memoryPool)
        let work = CapacityPlan.Work(
            trained: layout.trainedCount, statistics: layout.count - layout.trainedCount,
            features: architecture.trunkChannels, clips: clips, batch: batch, shard: shard, roundSteps: roundSteps,
            span: ReplicaRecipe().span)
        let plan = CapacityPlan(
            .init(workers: workers, workersPerHost: workersPerHost, linkMegabits: linkMbit), work, times)
        try output.json ? printJSON(plan, layout, times) : printTable(plan, layout, times, channels)
    }

    private func printJSON(_ plan: CapacityPlan, _ layout: ParameterLayout, _ times: KernelTimes) throws {
        for estimate in plan.estimates {
            try Console.json(
                Line(
                    stage: estimate.stage.rawValue, built: estimate.stage.isBuilt, stepSeconds: estimate.stepSeconds,
                    clipsPerSecond: estimate.clipsPerSecond,
                    coordinatorMegabitsPerSecond: estimate.coordinatorMegabits, efficiency: estimate.efficiency))
        }
        try Console.json(
            Advice(
                stage: plan.advised.rawValue, available: plan.available.rawValue, epochSeconds: plan.epochSeconds,
                shards: plan.shards, usefulReplicas: plan.usefulReplicas, parameters: layout.trainedCount,
                shardSeconds: times.shard, tailSeconds: times.tail, sumSeconds: times.sum,
                optimiserSeconds: times.optimiser))
    }

    private func printTable(
        _ plan: CapacityPlan, _ layout: ParameterLayout, _ times: KernelTimes, _ channels: String
    ) {
        func milliseconds(_ seconds: Double) -> String { "\((seconds * 1000).rounded(toPlaces: 1)) ms" }
        Console.line(
            "\(channels): \(layout.trainedCount) weights; a shard of \(shard) clips takes \(milliseconds(times.shard)), "
                + "the tail \(milliseconds(times.tail)), the optimiser \(milliseconds(times.optimiser))")
        Console.line("exchange\tstep\tclips/s\tcoordinator\tcomputing")
        for estimate in plan.estimates {
            Console.line(
                "\(estimate.stage.rawValue)\t\(milliseconds(estimate.stepSeconds))\t"
                    + "\(estimate.clipsPerSecond.rounded(toPlaces: 1))\t"
                    + "\(estimate.coordinatorMegabits.rounded(toPlaces: 1)) Mbit/s\t"
                    + "\(Int((estimate.efficiency * 100).rounded())) %"
                    + (estimate.stage.isBuilt ? "" : "\tnot in this version"))
        }
        Console.line("use \(plan.available.rawValue): " + Self.command(plan.available, roundSteps: roundSteps))
        if plan.advised != plan.available {
            Console.line("\(plan.advised.rawValue) would suit better, and is not in this version")
        }
        Console.line("an epoch of \(clips) clips takes \(plan.epochSeconds.rounded(toPlaces: 1)) s")
        if plan.available == .star, workers > plan.shards {
            Console.line("a step has \(plan.shards) shards: \(workers - plan.shards) workers have nothing to do in it")
        }
        if plan.available == .replicas, workers > plan.usefulReplicas {
            Console.line(
                "with \(clips) clips more than \(plan.usefulReplicas) replicas help the model little; use the other "
                    + "workers for further seeds")
        }
    }

    private static func command(_ stage: CapacityPlan.Stage, roundSteps: Int) -> String {
        stage == .replicas ? "auscult train --mode local --round-steps \(roundSteps)" : "auscult train --mode sync"
    }
}

/// Times of a step's parts, instead of taking them.
struct KernelTimeOptions: ParsableArguments {
    @Option(help: "A shard forth and back, seconds; with it nothing is timed, and what is not given counts as nothing.")
    var shardSeconds: Double?

    @Option(help: "The tail of a step, seconds.")
    var tailSeconds: Double?

    @Option(help: "Adding one shard's gradient, seconds.")
    var sumSeconds: Double?

    @Option(help: "The optimiser's step, seconds.")
    var optimiserSeconds: Double?

    func validate() throws {
        let others = [
            ("--tail-seconds", tailSeconds), ("--sum-seconds", sumSeconds), ("--optimiser-seconds", optimiserSeconds),
        ]
        for case (let name, let value?) in others + [("--shard-seconds", shardSeconds)] {
            guard value >= 0, value.isFinite, name != "--shard-seconds" || value > 0 else {
                throw ValidationError("\(name) is \(value); give seconds")
            }
            if shardSeconds == nil { throw ValidationError("\(name) goes with --shard-seconds") }
        }
    }

    /// Nil where the times are to be taken.
    var known: KernelTimes? {
        shardSeconds.map {
            KernelTimes(shard: $0, tail: tailSeconds ?? 0, sum: sumSeconds ?? 0, optimiser: optimiserSeconds ?? 0)
        }
    }
}
