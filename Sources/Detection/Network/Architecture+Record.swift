package import Networks

/// An architecture as the settings of a model file.
extension Architecture {
    package var settings: [String: String] {
        var settings = ["network.channels": channels.map(\.rawValue).joined(separator: ",")]
        for (name, path) in Self.sizes { settings["network.\(name)"] = String(self[keyPath: path]) }
        settings["network.stages"] =
            stages.map { "\($0.expansion)x\($0.channels)x\($0.repeats)" }.joined(separator: ",")
        return settings
    }

    private static var sizes: [(String, WritableKeyPath<Architecture, Int>)] {
        [
            ("melBands", \.melBands), ("frames", \.frames), ("waveSamples", \.waveSamples), ("classes", \.classes),
            ("subCentres", \.subCentres), ("stemChannels", \.stemChannels), ("trunkChannels", \.trunkChannels),
            ("embeddingSize", \.embeddingSize), ("hiddenSize", \.hiddenSize), ("tgramKernel", \.tgramKernel),
            ("tgramStride", \.tgramStride), ("tfgramChannels", \.tfgramChannels), ("tfgramSteps", \.tfgramSteps),
            ("attentionSize", \.attentionSize),
        ]
    }

    /// Throws `.damagedFile` where a size is missing or makes no sense.
    package init(settings: [String: String]) throws(ModelError) {
        func text(_ name: String) throws(ModelError) -> String {
            guard let text = settings["network.\(name)"] else {
                throw ModelError(.damagedFile, "the model file does not state network.\(name); export it anew")
            }
            return text
        }
        func failure(_ name: String, _ text: String) -> ModelError {
            ModelError(.damagedFile, "the model file says \"\(text)\" for network.\(name)")
        }
        let names = try text("channels")
        guard let list = ChannelList(names), list.description == names else { throw failure("channels", names) }
        self.init(channels: list.channels)
        for (name, path) in Self.sizes {
            let value = try text(name)
            guard let size = Int(value) else { throw failure(name, value) }
            self[keyPath: path] = size
        }
        let stageList = try text("stages")
        stages = []
        for stage in stageList.split(separator: ",") {
            let sizes = stage.split(separator: "x").compactMap { Int($0) }
            guard sizes.count == 3 else { throw failure("stages", stageList) }
            stages.append(Stage(expansion: sizes[0], channels: sizes[1], repeats: sizes[2]))
        }
        if let complaint { throw ModelError(.damagedFile, "the model file's network makes no sense: \(complaint)") }
    }
}
