import ArgumentParser
import Datasets
import FoundationEssentials

/// `auscult synth`: the recordings of a plant that does not exist.
struct SynthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synth",
        abstract: "Synthesises the recordings of a plant: fans, pumps, slides and valves, healthy and failing.",
        discussion: """
            Writes 10 s, 16 kHz, 16-bit WAV files in the layout of the DCASE challenges, and plant.csv, which names the \
            fault behind every anomalous clip. The same arguments give the same bytes.

            Example: auscult synth plant --machines 12 --clips 24 --seed 1
            """)

    @Argument(help: "The folder to write into; files of the same names are overwritten.")
    var directory: String

    @Option(help: "Machine IDs, dealt to the types fan, pump, slider and valve in turn.")
    var machines = 12

    @Option(
        help: "Normal training clips per machine; half as many normal and half as many anomalous test clips follow.")
    var clips = 24

    @Option(help: "Another seed is another plant.")
    var seed: UInt64 = 1

    @Option(help: "Power of the healthy machine over that of the hall around it, in dB.")
    var snr = 6.0

    @Flag(help: "Print the result as one line of JSON.")
    var json = false

    func validate() throws {
        guard (1...400).contains(machines) else { throw ValidationError("--machines is 1 to 400") }
        guard (1...100_000).contains(clips) else { throw ValidationError("--clips is 1 to 100000") }
        guard (-40...60).contains(snr) else { throw ValidationError("--snr is -40 to 60 dB") }
    }

    func run() throws {
        let start = ContinuousClock.now
        let plant = Synthesiser(
            machineCount: machines, trainingClipCount: clips, seed: seed, signalToNoiseDecibels: snr)
        try plant.write(to: directory, threads: ProcessInfo.processInfo.activeProcessorCount)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        if json {
            try Console.json(
                Result(
                    directory: directory, machines: machines, clips: plant.clips.count,
                    anomalous: plant.clips.count(where: \.isAnomaly), seconds: seconds))
        } else {
            Console.line("\(directory): \(plant.clips.count) clips of \(machines) machines")
        }
    }

    private struct Result: Encodable {
        let directory: String
        let machines: Int
        let clips: Int
        let anomalous: Int
        let seconds: Double
    }
}
