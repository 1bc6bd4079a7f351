package import Plant
internal import Tensors

/// Makes the recordings of a plant that does not exist: fans, pumps, slides and valves, healthy and failing.
///
/// Every machine ID is an individual; every clip has its own load, speed and surroundings. Clips are mono, 10 s, 16 kHz,
/// 16 bit. A clip is a function of (seed, machine, clip) in arithmetic that rounds alike everywhere: the same seed gives
/// the same bytes on any machine, in any order, on any number of threads.
package struct Synthesiser: Sendable {
    package static let seconds = 10.0
    private static let types: [any MachineSound.Type] = [
        FanSound.self, PumpSound.self, SliderSound.self, ValveSound.self,
    ]

    /// A clip that can be rendered.
    package struct Clip: Hashable, Sendable {
        package let machine: MachineName
        package let split: DatasetClip.Split
        /// Nil for a healthy machine.
        package let faultName: String?
        /// 0 (a beginning) to 1 (hard to overhear); 0 for a healthy machine.
        package let severity: Double
        /// In the layout of the DCASE challenges.
        package let path: String
        fileprivate let fault: Fault?
        fileprivate let member: Int
        fileprivate let stream: UInt64

        package var isAnomaly: Bool { fault != nil }
    }

    private struct Member {
        let name: MachineName
        let sound: any MachineSound
        let faults: [Fault]
        /// Brings the healthy machine to 0.05 of full scale.
        let gain: Float
    }

    private let seed: UInt64
    private let noiseGain: Float
    private let members: [Member]
    /// By machine: the training clips, the normal and then the anomalous test clips.
    package let clips: [Clip]

    /// - Parameters:
    ///   - machineCount: machine IDs, dealt to the four types in turn; at least 1.
    ///   - trainingClipCount: normal training clips per machine, at least 1. Half as many, rounded up, are made of normal
    ///     and of anomalous test clips; the faults of a type take turns.
    ///   - signalToNoiseDecibels: power of the healthy machine over that of the plant around it.
    package init(
        machineCount: Int = 12, trainingClipCount: Int = 24, seed: UInt64 = 1, signalToNoiseDecibels: Double = 6
    ) {
        precondition(machineCount > 0 && trainingClipCount > 0, "\(machineCount) machines, \(trainingClipCount) clips")
        self.seed = seed
        noiseGain = Self.level * amplitude(decibels: -signalToNoiseDecibels)
        members = (0..<machineCount).map { Self.member($0, seed: seed) }
        clips = members.indices.flatMap { [members] index in
            Self.clips(of: members[index], index: index, trainingClipCount: trainingClipCount, seed: seed)
        }
    }

    /// Of the healthy machine, root mean square of full scale.
    private static let level: Float = 0.05

    private static func member(_ index: Int, seed: UInt64) -> Member {
        let type = types[index % types.count]
        let number = String(index / types.count)
        let id = "id_" + String(repeating: "0", count: max(0, 2 - number.count)) + number
        guard let name = MachineName(type: type.type, id: id) else {
            preconditionFailure("\(type.type)/\(id) is no name")
        }
        var random = CounterRandom(seed, UInt64(index), 0)
        let sound = type.init(random: &random)
        let reference = sound.sound(.healthy, seconds: seconds, random: &random)
        return Member(
            name: name, sound: sound, faults: type.faults, gain: level / Float(reference.power.squareRoot()))
    }

    private static func clips(of member: Member, index: Int, trainingClipCount: Int, seed: UInt64) -> [Clip] {
        var random = CounterRandom(seed, UInt64(index), 1)
        let testClipCount = (trainingClipCount + 1) / 2
        var stream: UInt64 = 1
        func clip(_ split: DatasetClip.Split, _ fault: Fault?, _ number: Int) -> Clip {
            stream += 1
            let digits = String(number)
            let padded = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            let label = fault == nil ? "normal" : "anomaly"
            return Clip(
                machine: member.name, split: split, faultName: fault?.rawValue,
                severity: fault == nil ? 0 : random.next(in: 0.15...0.85),
                path: "\(member.name.type)/\(split.rawValue)/\(label)_\(member.name.id)_\(padded).wav",
                fault: fault, member: index, stream: stream)
        }
        return (0..<trainingClipCount).map { clip(.train, nil, $0) }
            + (0..<testClipCount).map { clip(.test, nil, $0) }
            + (0..<testClipCount).map { clip(.test, member.faults[($0 + index) % member.faults.count], $0) }
    }

    /// The clip's samples, full scale 1.
    package func samples(of clip: Clip) -> [Float] {
        let member = members[clip.member]
        var random = CounterRandom(seed, UInt64(clip.member), clip.stream)
        var sound = member.sound.sound(
            Condition(fault: clip.fault, severity: clip.severity), seconds: Self.seconds, random: &random)
        sound.scale(by: member.gain)
        var noise = PlantNoise.sound(seconds: Self.seconds, random: &random)
        noise.scale(by: noiseGain)
        sound.add(noise)
        // The microphone's own gain drifts a little.
        sound.scale(by: random.nextLevel(within: 0.3))
        return sound.samples
    }

    /// The clip as a WAV file.
    package func file(of clip: Clip) -> [UInt8] {
        WaveFile.bytes(samples(of: clip), sampleRateHz: Sound.sampleRateHz)
    }
}
