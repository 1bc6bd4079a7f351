internal import Networks
internal import Spectra

extension DensityModel {
    package var file: ModelFile {
        ModelFile(
            kind: Self.kind, feature: feature, machines: machines,
            calibration: Dictionary(
                uniqueKeysWithValues: members.compactMap { member in member.calibration.map { (member.name, $0) } }),
            tensors: members.flatMap { $0.density.tensors(of: $0.name) },
            settings: ["density.fewestFrames": String(fewestFrames)])
    }

    package init(_ file: ModelFile) throws(ModelError) {
        guard let fewestFrames = file.settings["density.fewestFrames"].flatMap({ Int($0) }), fewestFrames >= 2 else {
            throw ModelError(
                .damagedFile, "the density model does not say how many frames a clip needs; export it anew")
        }
        let table = TensorTable(file.tensors)
        var members: [Machine] = []
        for name in file.machines {
            let density = try MachineDensity(of: name, dimension: 2 * file.feature.melBands, in: table)
            guard !density.neighbours.isEmpty else {
                throw ModelError(.damagedFile, "the density model holds no training clip of \(name)")
            }
            members.append(Machine(name: name, density: density, calibration: file.calibration[name]))
        }
        self.init(feature: file.feature, fewestFrames: fewestFrames, machines: members)
    }
}
