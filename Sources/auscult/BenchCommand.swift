import ArgumentParser
import FoundationEssentials
import Glibc

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures this machine: hands over to auscult-bench, which is built beside this program.",
        discussion: """
            'auscult bench --help' lists the measurements once it is built: swift build -c release --product auscult-bench

            Example: auscult bench queue --rows latency,noop
            """)

    @Argument(parsing: .captureForPassthrough, help: "What auscult-bench is told.")
    var arguments: [String] = []

    func run() throws {
        let folder = try UpCommand.executable().split(separator: "/").dropLast().joined(separator: "/")
        let program = "/\(folder)/auscult-bench"
        guard access(program, X_OK) == 0 else {
            throw CommandFailure(
                "there is no \(program): build it with 'swift build -c release --product auscult-bench'", status: .usage
            )
        }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        execv(program, &words)
        throw CommandFailure("cannot run \(program): \(String(cString: strerror(errno)))")
    }
}
