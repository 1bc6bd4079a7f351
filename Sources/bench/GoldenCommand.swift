import ArgumentParser
import FoundationEssentials
import Networks

/// Compares both reference networks with the values recorded from PyTorch.
struct GoldenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "golden", abstract: "Compare with recorded values of the reference implementation.",
        discussion: """
            Example: auscult-bench golden --reference ../shared/reference --truth /tmp/truth

            The record was made in float32, and its gradients are up to a hundredth from the truth. \
            Sources/bench/peers/golden.py finds the truth and how far float32 may be from it; without it, every \
            gradient is held to a thousandth of the record.
            """)

    @Option(help: "The folder that holds full/ and logmel/.")
    var reference: String

    @Option(help: "The folder that Sources/bench/peers/golden.py wrote.")
    var truth: String?

    func run() throws {
        var failed = false
        for variant in ["logmel", "full"] {
            let folder = "\(reference)/\(variant)"
            let parameters = try Parameters(
                importing: read("\(folder)/weights.safetensors"), file: "\(folder)/weights.safetensors")
            var report = GoldenReport(variant: variant)
            let clips = try read("\(folder)/eval.safetensors")
            report.checkEvaluation(parameters, clips)
            let recorded = try read("\(folder)/step.safetensors")
            let exact = try truth.map { GoldenTruth(file: try read("\($0)/\(variant)/truth.safetensors")) }
            report.checkStep(GoldenStep(parameters, clips, recorded), recorded, exact)
            report.print()
            failed = failed || report.failed
        }
        if failed { throw ExitCode.failure }
    }

    private func read(_ path: String) throws -> Safetensors {
        try Safetensors(decoding: [UInt8](Data(contentsOf: URL(filePath: path))), name: path)
    }
}
