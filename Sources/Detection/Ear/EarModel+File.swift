internal import Networks
internal import Plant
internal import Spectra

extension EarModel {
    package var file: ModelFile {
        var settings = ["ear.fewestFrames": String(fewestFrames)]
        for member in members { settings[EarMachine.weightName(member.name)] = String(member.weight) }
        return ModelFile(
            kind: Self.kind, feature: feature, machines: machines,
            calibration: Dictionary(
                uniqueKeysWithValues: members.compactMap { member in member.calibration.map { (member.name, $0) } }),
            tensors: members.flatMap(\.tensors), settings: settings)
    }

    package init(_ file: ModelFile) throws(ModelError) {
        guard let fewestFrames = file.settings["ear.fewestFrames"].flatMap({ Int($0) }),
            fewestFrames >= Hearing.fewestFrames
        else {
            throw ModelError(.damagedFile, "the ear does not say how many frames a clip needs; export it anew")
        }
        let table = TensorTable(file.tensors)
        var members: [EarMachine] = []
        for name in file.machines { members.append(try EarMachine(of: name, in: file, table)) }
        self.init(feature: file.feature, fewestFrames: fewestFrames, machines: members)
    }
}

extension EarMachine {
    fileprivate static func weightName(_ machine: MachineName) -> String { "ear.\(machine).weight" }

    fileprivate var tensors: [Safetensors.Tensor] {
        let (spectra, bands) = (gaussian.whitening.count, gaussian.melBands)
        func tensor(_ name: String, _ shape: [Int], _ values: [Double]) -> Safetensors.Tensor {
            Safetensors.Tensor(name: "\(self.name).\(name)", shape: shape, doubles: values)
        }
        return [
            tensor("mean", [spectra, bands], gaussian.mean),
            tensor("scale", [spectra, bands], gaussian.scale),
            tensor("whitening", [spectra, LowerTriangle.count(bands)], gaussian.whitening.flatMap(\.values)),
            tensor("heldBack", [heldBack.count], heldBack),
            tensor("normals", [normals.count, spectra, bands], normals.flatMap(\.values)),
        ]
    }

    /// Throws `.damagedFile`.
    fileprivate init(of machine: MachineName, in file: ModelFile, _ table: TensorTable) throws(ModelError) {
        let (spectra, bands) = (Hearing.Spectrum.allCases.count, file.feature.melBands)
        func numbers(_ name: String, _ shape: [Int?]) throws(ModelError) -> [Double] {
            try table.tensor("\(machine).\(name)", shape).doubles
        }
        guard let weight = file.settings[Self.weightName(machine)].flatMap({ Double($0) }), weight >= 1 else {
            throw ModelError(.damagedFile, "the ear does not say what the peers of \(machine) weigh; export it anew")
        }
        let scale = try numbers("scale", [spectra, bands])
        guard scale.allSatisfy({ $0 > 0 }) else {
            throw ModelError(.damagedFile, "the tensor \(machine).scale holds a value that is not positive")
        }
        let size = LowerTriangle.count(bands)
        let triangles = try numbers("whitening", [spectra, size])
        let heldBack = try numbers("heldBack", [nil])
        let normals = try numbers("normals", [heldBack.count, spectra, bands])
        self.init(
            name: machine,
            gaussian: HearingGaussian(
                mean: try numbers("mean", [spectra, bands]), scale: scale,
                whitening: (0..<spectra).map { spectrum in
                    LowerTriangle(
                        dimension: bands, values: Array(triangles[spectrum * size..<(spectrum + 1) * size]))
                }),
            weight: weight, heldBack: heldBack,
            normals: stride(from: 0, to: normals.count, by: spectra * bands).map { first in
                Hearing(values: Array(normals[first..<first + spectra * bands]))
            },
            calibration: file.calibration[machine])
    }
}
