import ArgumentParser

@main
struct Auscult: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auscult",
        abstract: "Listens to machines and says, before anybody else hears it, that one is failing.",
        subcommands: [])
}
