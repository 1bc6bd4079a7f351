internal import Networks
internal import Spectra

extension DensityModel {
    package var file: ModelFile {
        let width = 2 * feature.melBands
        let tensors = members.flatMap { member in
            let density = member.density
            return [
                Safetensors.Tensor(name: "\(member.name).mean", shape: [width], values: density.mean),
                Safetensors.Tensor(name: "\(member.name).scale", shape: [width], values: density.scale),
                Safetensors.Tensor(name: "\(member.name).whitening", shape: [width, width], values: density.whitening),
                Safetensors.Tensor(
                    name: "\(member.name).neighbours", shape: [density.neighbours.count / width, width],
                    values: density.neighbours),
            ]
        }
        return ModelFile(
            kind: Self.kind, feature: feature, machines: machines,
            calibration: Dictionary(
                uniqueKeysWithValues: members.compactMap { member in member.calibration.map { (member.name, $0) } }),
            tensors: tensors, settings: ["density.fewestFrames": String(fewestFrames)])
    }

    package init(_ file: ModelFile) throws(ModelError) {
        guard let fewestFrames = file.settings["density.fewestFrames"].flatMap({ Int($0) }), fewestFrames >= 2 else {
            throw ModelError(
                .damagedFile, "the density model does not say how many frames a clip needs; export it anew")
        }
        let tensors = Dictionary(file.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let width = 2 * file.feature.melBands
        /// The values of a tensor of the expected shape; nil as the first side allows any number of rows.
        func values(_ name: String, _ shape: [Int?]) throws(ModelError) -> [Float] {
            guard let tensor = tensors[name] else {
                throw ModelError(.damagedFile, "the density model lacks the tensor \(name); export it anew")
            }
            guard tensor.shape.count == shape.count, zip(tensor.shape, shape).allSatisfy({ $0 == $1 ?? $0 }) else {
                throw ModelError(
                    .damagedFile,
                    "the tensor \(name) has the shape \(tensor.shape), which does not fit "
                        + "\(file.feature.melBands) mel bands")
            }
            return tensor.values
        }
        var members: [Machine] = []
        for name in file.machines {
            let scale = try values("\(name).scale", [width])
            guard scale.allSatisfy({ $0 > 0 }) else {
                throw ModelError(.damagedFile, "the tensor \(name).scale holds a value that is not positive")
            }
            let density = MachineDensity(
                mean: try values("\(name).mean", [width]), scale: scale,
                whitening: try values("\(name).whitening", [width, width]),
                neighbours: try values("\(name).neighbours", [nil, width]))
            guard !density.neighbours.isEmpty else {
                throw ModelError(.damagedFile, "the density model holds no training clip of \(name)")
            }
            members.append(Machine(name: name, density: density, calibration: file.calibration[name]))
        }
        self.init(feature: file.feature, fewestFrames: fewestFrames, machines: members)
    }
}
