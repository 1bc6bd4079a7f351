import ArgumentParser
import Glibc
import Ledger

struct Auscult: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auscult",
        abstract: "Listens to machines and says, before anybody else hears it, that one is failing.",
        version: "auscult 1.0.0, schema \(Migration.newest)",
        subcommands: [
            DemoCommand.self, UpCommand.self, BrokerCommand.self, WorkerCommand.self, CoordinatorCommand.self,
            DatasetCommand.self, TrainCommand.self, EnrolCommand.self, RunCommand.self, PlanCommand.self,
            ModelCommand.self,
            FeaturesCommand.self, SynthCommand.self, PushCommand.self, GatewayCommand.self, ScoreCommand.self,
            ExplainCommand.self, ExportCommand.self, StatusCommand.self, QueueCommand.self, AlarmCommand.self,
            DeadCommand.self, ScaleCommand.self,
            DatabaseCommand.self, KeysCommand.self, ConfigCommand.self, BenchCommand.self,
        ])
}

@main
enum Main {
    static func main() {
        // A reader that has gone is an error of the write, and no end of ours.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Auscult.parseAsRoot(Setting.load(Array(CommandLine.arguments.dropFirst())))
            try command.run()
        } catch {
            ExitStatus.exit(for: error)
        }
    }
}
