import Detection
import Networks
import Plant
import Spectra
import Tensors
import Testing

/// A network of three machines with drawn weights, and clips for it.
struct SmallModel {
    static let machines = ["fan/id_00", "fan/id_02", "pump/id_00"].compactMap(MachineName.init)

    static func architecture(_ channels: [Architecture.Channel] = [.logMel]) -> Architecture {
        var a = Architecture(channels: channels, classes: 3)
        (a.melBands, a.frames, a.waveSamples, a.tgramKernel, a.tgramStride) = (16, 33, 4096, 256, 128)
        (a.stemChannels, a.trunkChannels, a.embeddingSize, a.hiddenSize) = (16, 32, 16, 16)
        (a.tfgramChannels, a.tfgramSteps) = (16, 66)
        a.stages = [Architecture.Stage(expansion: 2, channels: 16, repeats: 1)]
        return a
    }

    static func feature() throws -> LogMelParameters {
        try LogMelParameters(fftLength: 512, hopLength: 128, melBands: 16)
    }

    static func make(
        _ channels: [Architecture.Channel] = [.logMel], rule: ScoreRule = .logOdds, windowHop: Int? = nil
    ) throws -> NetworkModel {
        try NetworkModel(
            Parameters(architecture(channels), seed: 3), feature: feature(), machines: machines, rule: rule,
            windowHop: windowHop)
    }

    /// Noise whose loudness is the machine's own, and its seed.
    static func samples(_ seed: UInt64, count: Int = 4096, level: Double = 0.1) -> [Float] {
        var random = CounterRandom(seed)
        return (0..<count).map { _ in Float(level * random.nextNormal()) }
    }

    static func signal(_ seed: UInt64, level: Double = 0.1) -> ClipSignal {
        .samples(samples(seed, level: level), sampleRateHz: 16_000)
    }

    /// The model with 20 training and 12 held-back clips of each machine.
    static func calibrated(rule: ScoreRule, rate: Double = 0.1) throws -> NetworkModel {
        let model = try make(rule: rule)
        let listener = try model.makeListener()
        func clips(_ seeds: Range<UInt64>) throws -> [MeasuredClip] {
            try machines.enumerated().flatMap { index, machine in
                try seeds.map { seed in
                    let signal = signal(seed + 1000 * UInt64(index), level: 0.05 * Double(index + 1))
                    return MeasuredClip(machine: machine, measurement: try listener.measure(signal, machine: machine))
                }
            }
        }
        let (calibrated, leftOut) = model.calibrated(
            training: try clips(100..<120), heldBack: try clips(200..<212), falseAlarmRate: rate)
        #expect(leftOut == [])
        return calibrated
    }
}
