import ArgumentParser

struct Auscult: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auscult",
        abstract: "Listens to machines and says, before anybody else hears it, that one is failing.",
        subcommands: [FeaturesCommand.self, SynthCommand.self])
}

@main
enum Main {
    static func main() {
        do {
            var command = try Auscult.parseAsRoot()
            try command.run()
        } catch {
            ExitStatus.exit(for: error)
        }
    }
}
