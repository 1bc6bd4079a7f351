import ArgumentParser
import Nodes

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Shows which settings are in force.", subcommands: [Show.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every setting, its value, and where it comes from; passwords are masked.",
            discussion: """
                Arguments win over environment variables AUSCULT_*, those over the file that --config FILE or \
                AUSCULT_CONFIG names, that over what a running 'auscult up' has written into its directory. The file has \
                lines NAME = VALUE; # at the begin of a line or after a space begins a comment.

                Example: auscult config show --config plant.conf
                """)

        @OptionGroup var broker: BrokerOptions
        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: OutputOptions

        private struct Line: Encodable {
            let setting: String
            let value: String?
            let origin: String
        }

        func run() throws {
            let arguments = [
                Setting.database: database.database, .broker: broker.endpoint, .keys: broker.keys,
            ].compactMapValues(\.self)
            let directory = Setting.data.value
            let cluster = directory.flatMap { try? ClusterAddress.read(from: $0) }
            let written = [
                Setting.database: cluster?.databaseURL, .broker: cluster?.endpoints.joined(separator: ","),
            ].compactMapValues(\.self)
            for setting in Setting.allCases {
                let line =
                    if let value = arguments[setting] {
                        Line(setting: setting.rawValue, value: Masked(value).text, origin: "argument")
                    } else if let value = setting.value {
                        Line(setting: setting.rawValue, value: Masked(value).text, origin: setting.origin)
                    } else if let value = written[setting], let directory {
                        Line(
                            setting: setting.rawValue, value: Masked(value).text,
                            origin: "\(directory)/\(ClusterAddress.fileName)")
                    } else {
                        Line(setting: setting.rawValue, value: nil, origin: "default")
                    }
                if output.json {
                    try Console.json(line)
                } else {
                    Console.line("\(line.setting)\t\(line.value ?? "-")\t\(line.origin)")
                }
            }
        }
    }
}
