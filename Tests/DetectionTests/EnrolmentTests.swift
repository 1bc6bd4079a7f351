import Detection
import Plant
import Spectra
import Tensors
import Testing

@Suite struct EnrolmentTests {
    private static let melBands = 6
    private let feature: LogMelParameters
    private let plant: EarModel
    private let newcomer: MachineName

    init() throws {
        feature = try LogMelParameters(fftLength: 1024, melBands: Self.melBands, padding: .reflect)
        newcomer = try #require(MachineName("fan/id_09"))
        var normals: [MachineName: [Hearing]] = [:]
        for (number, text) in ["fan/id_00", "fan/id_01", "pump/id_00"].enumerated() {
            normals[try #require(MachineName(text))] = Self.clips(30, level: Double(number), seed: UInt64(number))
        }
        plant = try #require(
            EarModel.fitted(to: normals, feature: feature, fewestFrames: 2, falseAlarmRate: 0.05).model)
    }

    private static func clips(_ count: Int, level: Double, seed: UInt64) -> [Hearing] {
        var random = CounterRandom(23, seed)
        return (0..<count).map { _ in
            let loudness = random.nextNormal()
            return Hearing(
                values: (0..<3 * melBands).map { -40 + level * Double($0 % 5) + loudness + 0.3 * random.nextNormal() })
        }
    }

    private func outcome(
        _ change: EarEnrolment.Change, _ clips: [Hearing], plant: [EarMachine]? = nil
    ) throws -> EarEnrolment.Outcome {
        try EarEnrolment(newcomer, change: change, plant: plant ?? self.plant.members).outcome(
            of: clips, feature: feature, fewestFrames: 2, falseAlarmRate: 0.05)
    }

    /// As a training of the whole plant would have it.
    @Test func itIsFittedAsWithThePlant() throws {
        let clips = Self.clips(8, level: 3, seed: 9)
        let enrolled = try outcome(.add, clips)
        var normals = Dictionary(uniqueKeysWithValues: plant.members.map { ($0.name, $0.normals) })
        normals[newcomer] = clips
        let whole = EarModel.fitted(to: normals, feature: feature, fewestFrames: 2, falseAlarmRate: 0.05).model
        let member = try #require(whole).member(newcomer)
        #expect(enrolled.model.machines == [newcomer])
        #expect(enrolled.model.members[0].gaussian == member.gaussian)
        #expect(enrolled.model.members[0].heldBack == member.heldBack)
        let proxy = try #require(enrolled.proxyAUC)
        #expect(proxy > 0.95)
        #expect(enrolled.isFit)
    }

    @Test func clipsCanBeAddedAndTakenAway() throws {
        let clips = Self.clips(12, level: 3, seed: 9)
        let first = try outcome(.add, Array(clips[..<8])).model.members
        let known = plant.members + first
        let both = try outcome(.add, Array(clips[6...]), plant: known).model
        let replaced = try outcome(.replace, clips, plant: known).model
        #expect(both.weightsHash == replaced.weightsHash)
        let back = try outcome(.remove, Array(clips[8...]), plant: plant.members + both.members).model
        #expect(back.members[0].normals == Array(clips[..<8]))
        #expect(back.members[0].gaussian == first[0].gaussian)
    }

    @Test func aMachineLikeItsPeersIsNotFit() throws {
        let twin = try outcome(.add, Array(plant.members[0].normals.shuffled(by: 4)), plant: [plant.members[0]])
        let proxy = try #require(twin.proxyAUC)
        #expect(proxy < 0.6)
        #expect(!twin.isFit)
    }

    @Test func fewClipsAndNoPeers() throws {
        let clips = Self.clips(5, level: 3, seed: 9)
        let alone = try outcome(.add, clips, plant: [])
        #expect(alone.proxyAUC == nil && alone.isFit)
        let failure = #expect(throws: ModelError.self) { try outcome(.add, Array(clips[..<4])) }
        #expect(failure?.code == .tooFewClips)
        let same = #expect(throws: ModelError.self) { try outcome(.add, Array(repeating: clips[0], count: 9)) }
        #expect(same?.code == .noVariety)
    }
}

extension [Hearing] {
    fileprivate func shuffled(by seed: UInt64) -> [Hearing] {
        var random = CounterRandom(seed)
        return random.permutation(count).map { self[$0] }
    }
}
