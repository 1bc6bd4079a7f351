import ArgumentParser
import Nodes

/// How `auscult train` is told to train replicas apart and to average them.
struct ReplicaOptions: ParsableArguments {
    @Option(
        help: "sync: every step is taken together. local: replicas are trained apart and averaged.", transform: choice)
    var mode: RunSpecification.Mode?

    @Option(name: .customLong("replicas"), help: "Replicas, whatever the number of workers; 4 unless given.")
    var count: Int?

    @Option(help: "Steps of each replica from one average to the next; 100 unless given.")
    var roundSteps: Int?

    @Option(
        help: "nesterov, mean, or fedavg, where each replica keeps to its own clips; nesterov unless given.",
        transform: choice)
    var averaging: RunSpecification.Averaging?

    @Option(help: "How changes of the weights travel: int8 or float32; int8 unless given.", transform: choice)
    var exchange: RunSpecification.Exchange?

    @Option(help: "Synchronous steps before the first round; a twentieth of all unless given.")
    var warmUpSteps: Int?

    @Option(help: "Synchronous steps after the last round; a twentieth of all unless given.")
    var finishSteps: Int?

    @Option(help: "Share of the rounds, the last ones, whose batch norms stand still; 0.2 unless given.")
    var fixedNorms: Double?

    func validate() throws {
        let options: [(String, Bool)] = [
            ("--replicas", count != nil), ("--round-steps", roundSteps != nil), ("--averaging", averaging != nil),
            ("--exchange", exchange != nil), ("--warm-up-steps", warmUpSteps != nil),
            ("--finish-steps", finishSteps != nil), ("--fixed-norms", fixedNorms != nil),
        ]
        if mode != .local, let option = options.first(where: \.1) {
            throw ValidationError("\(option.0) is for --mode local")
        }
    }

    func fill(_ specification: inout RunSpecification) {
        specification.mode = mode
        (specification.replicas, specification.roundSteps) = (count, roundSteps)
        (specification.averaging, specification.exchange) = (averaging, exchange)
        (specification.warmUpSteps, specification.finishSteps) = (warmUpSteps, finishSteps)
        specification.fixedNorms = fixedNorms
    }
}
