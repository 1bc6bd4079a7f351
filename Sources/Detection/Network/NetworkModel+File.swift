internal import Networks
internal import Plant
internal import Spectra

extension NetworkModel {
    private static let recipePrefix = "recipe."
    /// Where the setting is absent, a clip is its most anomalous window.
    private static let meanOfWindows = "mean"

    package var file: ModelFile {
        var settings = architecture.settings
        settings["score"] = rule.rawValue
        settings["arcface.scale"] = String(arcFace.scale)
        settings["arcface.margin"] = String(arcFace.margin)
        settings["windowHop"] = String(windowHop)
        if averagesWindows { settings["windows"] = Self.meanOfWindows }
        for (name, value) in recipe { settings[Self.recipePrefix + name] = value }
        if !openTypes.isEmpty { settings["openTypes"] = openTypes.sorted().joined(separator: " ") }
        return ModelFile(
            kind: Self.kind, feature: feature, machines: machines, calibration: calibration,
            tensors: weights + machines.flatMap { references[$0]?.tensors(of: $0) ?? [] }, settings: settings)
    }

    package init(_ file: ModelFile) throws(ModelError) {
        func setting<Value>(_ name: String, _ read: (String) -> Value?) throws(ModelError) -> Value {
            let text = file.settings[name] ?? ""
            guard let value = read(text) else {
                throw ModelError(.damagedFile, "the model file says \"\(text)\" for \(name); export it anew")
            }
            return value
        }
        func positive(_ text: String) -> Float? { Float(text).flatMap { $0 > 0 && $0 <= 1000 ? $0 : nil } }
        let architecture = try Architecture(settings: file.settings)
        // A file cannot make a network larger than itself.
        let held = file.tensors.reduce(0) { $0 + $1.elements.count }
        let needed = ParameterLayout(architecture).count
        guard needed <= held else {
            throw ModelError(
                .damagedFile, "the model file states a network of \(needed) numbers and holds \(held); export it anew")
        }
        let parameters: Parameters
        do throws(SafetensorsError) {
            parameters = try Parameters(architecture, reading: file.tensors, file: "the model file")
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
        var arcFace = ArcFace()
        arcFace.scale = try setting("arcface.scale", positive)
        arcFace.margin = try setting("arcface.margin") { text in
            Float(text).flatMap { (0..<Float.pi / 2).contains($0) ? $0 : nil }
        }
        try self.init(
            parameters, feature: file.feature, machines: file.machines,
            rule: try setting("score", ScoreRule.init(rawValue:)), arcFace: arcFace,
            windowHop: try setting("windowHop") { text in Int(text).flatMap { $0 >= 0 ? $0 : nil } },
            averagesWindows: file.settings["windows"] == Self.meanOfWindows)
        for (name, value) in file.settings where name.hasPrefix(Self.recipePrefix) {
            recipe[String(name.dropFirst(Self.recipePrefix.count))] = value
        }
        openTypes = Set((file.settings["openTypes"] ?? "").split(separator: " ").map(String.init))
        calibration = file.calibration
        let table = TensorTable(file.tensors)
        for machine in machines {
            references[machine] = try MachineReference(
                of: machine, embeddingSize: architecture.embeddingSize, melBands: architecture.melBands, in: table)
        }
    }
}
