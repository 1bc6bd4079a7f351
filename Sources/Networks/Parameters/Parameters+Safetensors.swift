private import Tensors

extension Parameters {
    /// The weights as named tensors, in the order of the layout.
    package var tensors: [Safetensors.Tensor] {
        layout.slices.map { slice in
            let values = UnsafeBufferPointer(start: buffer.pointer + slice.offset, count: slice.count)
            return Safetensors.Tensor(name: slice.name, shape: slice.shape, values: Array(values))
        }
    }

    /// Reads the weights of a known architecture; every tensor must be there in its shape, others are left alone.
    ///
    /// - Parameter file: what errors call the file.
    package convenience init(
        _ architecture: Architecture, reading tensors: [Safetensors.Tensor], file: String
    ) throws(SafetensorsError) {
        self.init(architecture)
        let found = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
        var missing: [String] = []
        var misshapen: [String] = []
        for slice in layout.slices {
            guard let tensor = found[slice.name] else {
                missing.append(slice.name)
                continue
            }
            guard tensor.shape == slice.shape else {
                misshapen.append("\(slice.name) is \(tensor.shape) instead of \(slice.shape)")
                continue
            }
            for (index, value) in tensor.values.enumerated() { buffer.pointer[slice.offset + index] = value }
        }
        guard missing.isEmpty else {
            throw SafetensorsError(
                code: .missingTensor, file: file,
                reason: "it lacks \(Self.listed(missing)); is it a network of another architecture?")
        }
        guard misshapen.isEmpty else {
            throw SafetensorsError(code: .badShape, file: file, reason: Self.listed(misshapen))
        }
    }

    /// The first few of a list, and how many more there are.
    private static func listed(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }
}

// MARK: Published checkpoints

extension Parameters {
    /// Parts of a published checkpoint that never take part in a score.
    private static let deadPrefixes =
        [
            "TFgramNet.pre_block4.", "TFgramNet.bn0.", "TFgramNet.fc1.", "TFgramNet.fc_audioset.",
            "mobilefacenet.fc_out.",
        ]
        + (1...6).map { "TFgramNet.conv_block\($0)." }

    /// Reads a published OS-SCL checkpoint that was converted to safetensors.
    ///
    /// The stem's shape tells which images the network sees; dead parts and counters are skipped.
    package convenience init(
        importing checkpoint: Safetensors, file: String
    ) throws(SafetensorsError) {
        let live = checkpoint.tensors.filter { tensor in
            !Self.deadPrefixes.contains { tensor.name.hasPrefix($0) } && !tensor.name.hasSuffix("num_batches_tracked")
        }
        let names = Set(live.map(\.name))
        func shape(_ name: String) throws(SafetensorsError) -> [Int] {
            guard let tensor = checkpoint[name], tensor.shape.count > 1, tensor.shape.allSatisfy({ $0 > 0 }) else {
                throw SafetensorsError(code: .missingTensor, file: file, reason: "it has no usable \(name)")
            }
            return tensor.shape
        }
        let images = try shape("mobilefacenet.conv1.conv.weight")[1]
        let waves: [Architecture.Channel] =
            [.tgram, .tfgram].filter { channel in
                names.contains { $0.hasPrefix(channel == .tgram ? "tgramnet." : "TFgramNet.") }
            }
        guard images == 1 || images == waves.count + 1 else {
            throw SafetensorsError(
                code: .badShape, file: file,
                reason: "its stem sees \(images) images, it has \(waves.count) wave branches")
        }
        let channels = images == 1 ? [.logMel] : [.logMel] + waves
        let architecture = try Architecture(channels: channels, classes: shape("arcface.weight")[0])
        if let complaint = architecture.complaint {
            throw SafetensorsError(code: .badShape, file: file, reason: complaint)
        }
        try self.init(architecture, reading: live, file: file)
    }
}
