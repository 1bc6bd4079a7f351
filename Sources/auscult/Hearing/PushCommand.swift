import ArgumentParser
import Datasets
import Glibc
import Logging
import Messaging
import Nodes
import Plant
import Training
import Wire

struct PushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Pushes clips onto the queue.",
        discussion: """
            Files or folders of .wav, .flac and .npy (log-mel) clips. Every clip is decoded and checked first; one that \
            cannot be scored is rejected with its reason and the rest goes on. The same file again is a duplicate; the same \
            sound recorded at another time is a clip of its own. - reads standard input.

            Example: auscult push recordings/fan/test --machine fan --wait
            """)

    @Argument(help: "Files or folders.")
    var paths: [FilePath]

    @Option(help: "TYPE/ID; or TYPE where the file names say the ID, as in normal_id_00_00000012.wav.")
    var machine: String

    @Option(help: "The plant or line the clips come from.")
    var site = Setting.site.value ?? "default"

    @Option(help: "When they were recorded, ISO 8601; otherwise when the file was last changed.")
    var recordedAt: String?

    @Option(help: "Idempotency key of a single clip; otherwise made of machine, channel, time and content.")
    var key: String?

    @Option(help: "The channel of recordings with several, from 0; channels are never averaged.")
    var channel = 0

    @Flag(help: "Wait for each clip's score.")
    var wait = false

    @OptionGroup var broker: BrokerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let flaw = ClipPreparation.flaw(ofMachine: machine) { throw ValidationError(flaw) }
        if channel < 0 { throw ValidationError("--channel counts from 0") }
        if let recordedAt {
            guard let time = CalendarTime.microseconds(recordedAt), ClipRecord.recordingTimes.contains(time) else {
                throw ValidationError(
                    "--recorded-at \"\(recordedAt)\" is not a time from 1900 to 2999 with its zone; write e.g. "
                        + "2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00")
            }
        }
    }

    func run() throws {
        let found = try ClipFiles(paths)
        let files = found.files
        if key != nil, files.count > 1 {
            throw ValidationError("--key names one clip, but there are \(files.count)")
        }
        let preparation = ClipPreparation(
            machine: machine, site: site, channel: channel, key: key,
            recordedAt: recordedAt.flatMap(CalendarTime.microseconds))
        let report = PushReport(json: output.json, followed: wait)
        let client = try GatewayClient(
            name: "push-\(PeerIdentity.hostName)-\(getpid())", endpoints: broker.endpoints(),
            security: broker.security(for: .gateway), follow: wait, silence: .seconds(600)
        ) { clip, answer in report.note(clip, answer) }
        found.troubles.forEach { report.reject($0.path, $0.description) }
        var decoder = ClipDecoder(sampleRateHz: 16_000)
        for file in files {
            let clip: OutgoingClip
            do throws(WireError) {
                clip = try preparation.clip(of: file, &decoder)
            } catch {
                report.reject(file.origin, error.reason)
                continue
            }
            try reach { try client.push(clip) }
        }
        try reach { try client.finish() }
        try report.finish()
    }

    /// Gives a broker that cannot be reached its exit code.
    private func reach(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as PeerError where error.code == .unreachable {
            throw CommandFailure(error.description, status: .unreachable)
        }
    }
}
