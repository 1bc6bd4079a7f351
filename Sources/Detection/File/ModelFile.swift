package import Networks
package import Plant
package import Spectra

/// A model as one self-contained safetensors file: tensors, and in the metadata what they mean.
///
/// Metadata: `kind`; `feature.sampleRateHz`, `.fftLength`, `.hopLength`, `.melBands`, `.padding`, `.floor`; `machines`,
/// the class table, its names separated by spaces; for each calibrated machine `calibration.TYPE/ID.threshold`,
/// `.falseAlarmRate`, `.clips`, `.method`; and what the kind adds, such as an architecture.
package struct ModelFile: Sendable {
    package var kind: String
    package var feature: LogMelParameters
    /// The class table: a machine's place is its class.
    package var machines: [MachineName]
    package var calibration: [MachineName: Calibration]
    package var tensors: [Safetensors.Tensor]
    /// Further metadata, of the kind.
    package var settings: [String: String]

    package init(
        kind: String, feature: LogMelParameters, machines: [MachineName], calibration: [MachineName: Calibration],
        tensors: [Safetensors.Tensor], settings: [String: String] = [:]
    ) {
        self.kind = kind
        self.feature = feature
        self.machines = machines
        self.calibration = calibration
        self.tensors = tensors
        self.settings = settings
    }

    /// The hash of names, shapes and numbers of the tensors, in their order: of the file without metadata.
    package var weightsHash: ContentHash { ContentHash(of: Safetensors(tensors: tensors).encoded()) }

    /// Equal models give equal bytes.
    package func encoded() -> [UInt8] {
        var metadata = settings
        metadata["kind"] = kind
        metadata["feature.sampleRateHz"] = String(feature.sampleRateHz)
        metadata["feature.fftLength"] = String(feature.fftLength)
        metadata["feature.hopLength"] = String(feature.hopLength)
        metadata["feature.melBands"] = String(feature.melBands)
        metadata["feature.padding"] = feature.padding.rawValue
        metadata["feature.floor"] = feature.floor.rawValue
        metadata["machines"] = machines.map(\.description).joined(separator: " ")
        for (machine, calibration) in calibration {
            metadata["calibration.\(machine).threshold"] = String(calibration.threshold)
            metadata["calibration.\(machine).falseAlarmRate"] = String(calibration.falseAlarmRate)
            metadata["calibration.\(machine).clips"] = String(calibration.clipCount)
            metadata["calibration.\(machine).method"] = calibration.method.rawValue
        }
        return Safetensors(tensors: tensors, metadata: metadata).encoded()
    }

    /// The sorts of models that this version knows.
    package static let kinds: [any AnomalyModel.Type] = [EarModel.self, DensityModel.self, NetworkModel.self]

    /// The model in the file, ready to score. Throws `.damagedFile`.
    package func model() throws(ModelError) -> any AnomalyModel {
        guard let type = Self.kinds.first(where: { $0.kind == kind }) else {
            let known = Self.kinds.map { $0.kind }.joined(separator: ", ")
            throw ModelError(.damagedFile, "the model is of the kind \"\(kind)\"; this version knows \(known)")
        }
        return try type.init(self)
    }
}
