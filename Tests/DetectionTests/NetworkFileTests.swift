import Detection
import Networks
import Plant
import Tensors
import Testing

@Suite struct NetworkFileTests {
    private func code(_ body: () throws -> Void) -> ModelError.Code? {
        do { try body() } catch { return (error as? ModelError)?.code }
        return nil
    }

    @Test(arguments: [ScoreRule.hybrid, .logOdds]) func roundTrip(_ rule: ScoreRule) throws {
        let model = try SmallModel.calibrated(rule: rule)
        let bytes = model.file.encoded()
        let read = try ModelFile(decoding: bytes, name: "model").model()
        #expect(read.file.encoded() == bytes)
        #expect(read.machines == SmallModel.machines && read.weightsHash == model.weightsHash)
        let network = try #require(read as? NetworkModel)
        #expect(network.calibration == model.calibration && network.references == model.references)
        #expect(network.rule == rule && network.windowHop == 16)
        let signal = SmallModel.signal(9)
        #expect(
            try read.makeScorer().score(signal, machine: SmallModel.machines[1])
                == model.makeScorer().score(signal, machine: SmallModel.machines[1]))
    }

    /// Calibration does not change the weights.
    @Test func weightsHashIsOfTheNetwork() throws {
        #expect(try SmallModel.make().weightsHash == SmallModel.calibrated(rule: .hybrid).weightsHash)
        #expect(try SmallModel.make().file.weightsHash != SmallModel.calibrated(rule: .hybrid).file.weightsHash)
    }

    @Test func everyMissingTensorIsNamed() throws {
        let file = try SmallModel.calibrated(rule: .hybrid).file
        for (index, tensor) in file.tensors.enumerated() {
            var damaged = file
            damaged.tensors.remove(at: index)
            do {
                let read = try NetworkModel(damaged)
                // What a rule compares with may be missing; the network may not.
                let spare = [".bank", ".standard.", ".heldBack."]
                #expect(spare.contains(where: tensor.name.contains), "\(tensor.name)")
                #expect(read.file.tensors.count == damaged.tensors.count)
            } catch {
                #expect(error.code == .damagedFile)
                #expect(error.reason.contains(tensor.name))
            }
        }
    }

    /// Every setting replaced by what nobody should write there: an error, never a trap or a flood of memory.
    @Test func absurdSettingsAreRefused() throws {
        let file = try SmallModel.make([.logMel, .tgram, .tfgram]).file
        let absurd = ["", "-1", "0", "1", "4096", "65536", "4294967296", "9223372036854775807", "x", "nan", "1e300"]
        for key in file.settings.keys.sorted() {
            for value in absurd + ["1x16x1", "4096x4096x64,4096x4096x64", "2x16x1000", "tfgram", "logmel,logmel"] {
                var damaged = file
                damaged.settings[key] = value
                do {
                    let model = try NetworkModel(damaged)
                    _ = try model.makeScorer()
                    #expect(model.file.tensors.count == file.tensors.count, "\(key) = \(value)")
                } catch {
                    #expect(error.code == .damagedFile, "\(key) = \(value)")
                }
            }
            var without = file
            without.settings[key] = nil
            #expect(code { _ = try NetworkModel(without) } == .damagedFile, "\(key)")
        }
    }

    @Test func classTableMustFit() throws {
        var file = try SmallModel.make().file
        file.machines.removeLast()
        #expect(code { _ = try NetworkModel(file) } == .damagedFile)
    }

    @Test(arguments: [Float.nan, .infinity]) func weightsMustBeNumbers(_ value: Float) throws {
        var file = try SmallModel.make().file
        let tensor = file.tensors[3]
        file.tensors[3] = Safetensors.Tensor(
            name: tensor.name, shape: tensor.shape, values: tensor.values.dropLast() + [value])
        let error = #expect(throws: ModelError.self) { try ModelFile(decoding: file.encoded(), name: "weights") }
        #expect(error?.code == .damagedFile && error?.reason.contains(tensor.name) == true)
    }

    @Test func truncationsAreRefused() throws {
        let bytes = try SmallModel.make().file.encoded()
        for end in stride(from: 0, to: bytes.count, by: max(bytes.count / 97, 1)) {
            #expect(code { _ = try ModelFile(decoding: Array(bytes[..<end]), name: "cut").model() } == .damagedFile)
        }
    }

    @Test func damageNeverTraps() throws {
        let bytes = try SmallModel.calibrated(rule: .hybrid).file.encoded()
        let header = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        var random = CounterRandom(77)
        for _ in 0..<400 {
            var damaged = bytes
            for _ in 0..<3 { damaged[random.nextIndex(below: header)] = UInt8(random.nextIndex(below: 256)) }
            let code = code {
                let model = try ModelFile(decoding: damaged, name: "damaged").model()
                _ = try model.makeScorer().score(SmallModel.signal(1), machine: model.machines[0])
            }
            #expect([nil, .damagedFile, .otherFeature, .wrongLength, .notFinite, .notCalibrated].contains(code))
        }
    }
}
