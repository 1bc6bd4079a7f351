import Detection
import Networks
import Plant
import Spectra
import Testing

/// Checkpoints of the published code, converted to safetensors: bare tensors, without a word of what they mean.
@Suite struct PublishedCheckpointTests {
    private static let checkpoint = Safetensors(
        tensors: Parameters(Architecture(channels: [.logMel]), seed: 1).tensors)

    private func read(_ checkpoint: Safetensors, machines: [MachineName]? = nil) throws(ModelError) -> ModelFile {
        try ModelFile(reading: checkpoint.encoded(), name: "published.safetensors", machines: machines)
    }

    private func refusal(_ checkpoint: Safetensors, machines: [MachineName]? = nil) -> String? {
        do {
            _ = try read(checkpoint, machines: machines).model()
            return nil
        } catch {
            return error.code == .damagedFile ? error.reason : nil
        }
    }

    @Test func becomesAModel() throws {
        let file = try read(Self.checkpoint)
        #expect(file.kind == "os-scl" && file.feature == .method && file.settings["score"] == "log-odds")
        #expect(file.machines.count == 41)
        #expect(file.machines[21].description == "ToyCar/id_01" && file.machines[40].description == "valve/id_06")
        // What was imported can be exported and imported again, to the same bytes.
        let bytes = file.encoded()
        #expect(try ModelFile(reading: bytes, name: "exported").encoded() == bytes)
    }

    @Test func deadPartsAreSkipped() throws {
        var checkpoint = Self.checkpoint
        for name in ["mobilefacenet.fc_out.weight", "TFgramNet.conv_block3.bn1.weight", "TFgramNet.fc1.bias"] {
            checkpoint.tensors.append(Safetensors.Tensor(name: name, shape: [2], values: [1, 2]))
        }
        checkpoint.tensors.append(
            Safetensors.Tensor(
                name: "mobilefacenet.conv1.bn.num_batches_tracked", shape: [], elements: .integer([7])))
        #expect(try read(checkpoint).encoded() == read(Self.checkpoint).encoded())
    }

    @Test(arguments: ["module.", "model.module."]) func namesLeftByAWrapperAreStripped(wrapper: String) throws {
        var checkpoint = Self.checkpoint
        for index in checkpoint.tensors.indices {
            checkpoint.tensors[index].name = wrapper + checkpoint.tensors[index].name
        }
        #expect(refusal(checkpoint)?.contains("give --strip-prefix \(wrapper)") == true)
        let bytes = checkpoint.encoded()
        let stripped = try ModelFile(reading: bytes, name: "published.safetensors", strippingPrefix: wrapper)
        #expect(stripped.encoded() == (try read(Self.checkpoint)).encoded())
        let error = #expect(throws: ModelError.self) {
            try ModelFile(reading: bytes, name: "published.safetensors", strippingPrefix: "other.")
        }
        #expect(error?.reason.contains("no tensor's name begins with") == true)
    }

    @Test func missingTensorsAreNamed() throws {
        for name in ["head.head.3.bias", "mobilefacenet.conv1.bn.running_var", "arcface.weight"] {
            var checkpoint = Self.checkpoint
            checkpoint.tensors.removeAll { $0.name == name }
            // Without its class centres a file is no checkpoint at all, and says what it lacks as a model file.
            let expected = name == "arcface.weight" ? "kind" : name
            #expect(refusal(checkpoint)?.contains(expected) == true, "\(name)")
        }
    }

    @Test func wrongShapesAreNamed() throws {
        for name in ["head.head.0.weight", "mobilefacenet.linear7.conv.weight", "mobilefacenet.conv1.conv.weight"] {
            var checkpoint = Self.checkpoint
            let index = try #require(checkpoint.tensors.firstIndex { $0.name == name })
            checkpoint.tensors[index] = Safetensors.Tensor(name: name, shape: [1, 2, 1, 1], values: [0, 0])
            let reason = refusal(checkpoint)
            #expect(reason != nil, "\(name)")
            if !name.contains("conv1.conv") { #expect(reason?.contains(name) == true, "\(name)") }
        }
    }

    @Test func otherClassTables() throws {
        let machines = (0..<41).compactMap { MachineName("press/id_\($0)") }
        #expect(try read(Self.checkpoint, machines: machines).machines == machines)
        #expect(refusal(Self.checkpoint, machines: Array(machines.dropLast()))?.contains("41 machines") == true)
        #expect(refusal(Self.checkpoint, machines: machines.dropLast() + [machines[0]]) != nil)
    }
}
