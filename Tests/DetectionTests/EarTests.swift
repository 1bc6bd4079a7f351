import Detection
import Networks
import Plant
import Spectra
import Testing

/// The ear against values that its numpy reference made (`Fixtures/make_ear.py`).
@Suite struct EarTests {
    private static let melBands = 7
    private let fixture: Safetensors
    private let feature: LogMelParameters

    init() throws {
        fixture = try Fixture.load("ear.safetensors")
        feature = try LogMelParameters(fftLength: 1024, melBands: Self.melBands, padding: .reflect)
    }

    private func doubles(_ name: String) throws -> [Double] { try #require(fixture[name], "\(name)").doubles }

    private func hearings(_ name: String) throws -> [Hearing] {
        let values = try doubles(name)
        return stride(from: 0, to: values.count, by: 3 * Self.melBands).map {
            Hearing(values: Array(values[$0..<$0 + 3 * Self.melBands]))
        }
    }

    /// The machines of one of the made-up plants and their normal clips.
    private func normals(_ plant: String) throws -> [MachineName: [Hearing]] {
        var normals: [MachineName: [Hearing]] = [:]
        for tensor in fixture.tensors {
            let parts = tensor.name.split(separator: ".").map(String.init)
            guard parts.count == 4, parts[0] == plant, parts[3] == "normals" else { continue }
            normals[try #require(MachineName(type: parts[1], id: parts[2]))] = try hearings(tensor.name)
        }
        return normals
    }

    private func model(_ plant: String, falseAlarmRate: Double = 0.05) throws -> EarModel {
        let (model, leftOut) = EarModel.fitted(
            to: try normals(plant), feature: feature, fewestFrames: 2, falseAlarmRate: falseAlarmRate)
        #expect(leftOut.isEmpty)
        return try #require(model)
    }

    private func expectClose(
        _ values: [Double], _ expected: [Double], within tolerance: Double = 1e-9,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(values.count == expected.count, sourceLocation: sourceLocation)
        for (value, expected) in zip(values, expected) {
            #expect(abs(value - expected) <= tolerance * max(1, abs(expected)), sourceLocation: sourceLocation)
        }
    }

    @Test func hearsAsTheReference() throws {
        let tensor = try #require(fixture["hear.logMel"])
        let logMel = LogMel(melBands: Self.melBands, frames: tensor.shape[1], values: tensor.values)
        let expected = try doubles("hear.spectra")
        for (value, expected) in zip(logMel.hearing.values, expected) { #expect(abs(value - expected) < 1e-12) }
        #expect(logMel.hearing.values[2 * Self.melBands + 2] == 0)
    }

    @Test(arguments: ["many", "contrary", "lone", "fewest", "stranger", "silent", "twice", "single"])
    func fitsAndScoresAsTheReference(_ plant: String) throws {
        for (index, rate) in [0.05, 0.01, 0.6].enumerated() {
            let model = try model(plant, falseAlarmRate: rate)
            for member in model.members {
                let key = "\(plant).\(member.name.type).\(member.name.id)"
                let weight = try doubles("\(key).weight")[0]
                #expect(member.weight == (weight < 0 ? .infinity : weight), "\(key)")
                expectClose(member.heldBack, try doubles("\(key).heldBack"))
                let scores = try hearings("\(key).test").map { member.score(of: $0) }
                expectClose(scores, try doubles("\(key).scores"))
                let threshold = try #require(member.calibration).threshold
                expectClose([threshold], [try doubles("\(key).thresholds")[index]])
            }
        }
    }

    @Test func studentQuantiles() throws {
        let rows = try doubles("student")
        for row in stride(from: 0, to: rows.count, by: 3) {
            let quantile = StudentDistribution(degrees: rows[row]).upperQuantile(rows[row + 1])
            #expect(abs(quantile - rows[row + 2]) < 1e-9 * max(1, abs(rows[row + 2])))
        }
    }

    @Test func takingAPartAwayLeavesTheRest() throws {
        let clips = try hearings("many.fan.id_00.normals")
        let whole = HearingSums(of: clips, melBands: Self.melBands)
        let part = HearingSums(of: clips[..<9], melBands: Self.melBands)
        let rest = HearingSums(of: clips[9...], melBands: Self.melBands)
        var sum = part
        sum += rest
        #expect(sum.count == 40 && (whole - part).count == 31)
        expectClose((whole - part).mean, rest.mean, within: 1e-12)
        expectClose(sum.mean, whole.mean, within: 1e-13)
    }

    @Test func fileAndModelAreTheSame() throws {
        let model = try model("many")
        let bytes = model.file.encoded()
        let again = try EarModel(ModelFile(decoding: bytes, name: "ear"))
        #expect(again.file.encoded() == bytes)
        #expect(again.weightsHash == model.weightsHash)
        #expect(again.members.map(\.weight).contains(.infinity))
        let clip = try hearings("many.pump.id_00.test")[0]
        let name = try #require(MachineName("pump/id_00"))
        #expect(try again.member(name).score(of: clip) == model.member(name).score(of: clip))
    }

    @Test(arguments: ["scale", "whitening", "heldBack", "normals"])
    func damagedFilesAreRefused(_ tensor: String) throws {
        var file = try model("lone").file
        let index = try #require(file.tensors.firstIndex { $0.name == "fan/id_00.\(tensor)" })
        let found = file.tensors[index]
        file.tensors[index] = .init(
            name: found.name, shape: found.shape, doubles: found.doubles.map { _ in tensor == "scale" ? -1 : 0 })
        if tensor != "scale" { file.tensors[index].name += "s" }
        #expect(throws: ModelError.self) { try EarModel(file) }
    }

    @Test func machinesThatCannotBeFittedAreNamed() throws {
        var normals = try normals("many")
        let (fan, valve) = (try #require(MachineName("fan/id_07")), try #require(MachineName("valve/id_07")))
        normals[fan] = Array(repeating: try hearings("many.fan.id_00.normals")[0], count: 12)
        normals[valve] = [try hearings("many.valve.id_00.normals")[0]]
        let (fitted, leftOut) = EarModel.fitted(
            to: normals, feature: feature, fewestFrames: 2, falseAlarmRate: 0.05)
        let model = try #require(fitted)
        #expect(leftOut.map(\.machine.description) == ["fan/id_07", "valve/id_07"])
        // They tell their peers nothing either.
        let without = try self.model("many")
        #expect(model.weightsHash == without.weightsHash)
    }

    /// The shares of all regions add up to the squared distance, and the largest come first.
    @Test func sharesAddUpToTheScore() throws {
        let model = try model("many")
        let member = try #require(model.members.first)
        let hearing = try hearings("many.fan.id_00.test")[0]
        let parts = member.gaussian.shares(of: hearing)
        expectClose([parts.reduce(0, +)], [member.gaussian.squaredDistance(of: hearing)])
        let logMel = LogMel(
            melBands: Self.melBands, frames: 4,
            values: hearing.values.prefix(Self.melBands).flatMap { Array(repeating: Float($0), count: 4) })
        let score = try model.makeScorer().score(.logMel(logMel, feature), machine: member.name)
        #expect(score.shares.count == 5)
        #expect(zip(score.shares, score.shares.dropFirst()).allSatisfy { $0.share >= $1.share })
        let reason = try #require(score.reason)
        #expect(reason.hasPrefix(score.shares[0].spectrum + " between ") && reason.hasSuffix(" 40 normal clips"))
        #expect(reason.contains(" dB below ") || reason.contains(" dB above "))
    }
}
