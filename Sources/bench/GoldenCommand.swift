import ArgumentParser
import FoundationEssentials
import Networks

/// Compares both reference networks with the values recorded from PyTorch.
struct GoldenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "golden", abstract: "Compare with recorded values of the reference implementation.",
        discussion: "Example: auscult-bench golden --reference ../shared/reference")

    @Option(help: "The folder that holds full/ and logmel/.")
    var reference: String

    func run() throws {
        var failed = false
        for variant in ["logmel", "full"] {
            let folder = "\(reference)/\(variant)"
            let parameters = try Parameters(
                importing: read("\(folder)/weights.safetensors"), file: "\(folder)/weights.safetensors")
            var report = GoldenReport(variant: variant)
            let clips = try read("\(folder)/eval.safetensors")
            report.checkEvaluation(parameters, clips)
            try report.checkStep(parameters, clips, read("\(folder)/step.safetensors"))
            report.print()
            failed = failed || report.failed
        }
        if failed { throw ExitCode.failure }
    }

    private func read(_ path: String) throws -> Safetensors {
        try Safetensors(decoding: [UInt8](Data(contentsOf: URL(filePath: path))), name: path)
    }
}
