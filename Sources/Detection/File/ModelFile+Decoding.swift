internal import Networks
internal import Plant
internal import Spectra

extension ModelFile {
    /// Reads a model file; the tensors are looked at by `model()`.
    ///
    /// - Parameter name: how errors call the file.
    ///
    /// Throws `.damagedFile` with what is missing or wrong.
    package init(decoding bytes: [UInt8], name: String) throws(ModelError) {
        let file: Safetensors
        do throws(SafetensorsError) {
            file = try Safetensors(decoding: bytes, name: name)
        } catch {
            throw ModelError(.damagedFile, error.description)
        }
        try self.init(file, name: name)
    }

    init(_ file: Safetensors, name: String) throws(ModelError) {
        var metadata = MetadataReader(values: file.metadata, file: name)
        let kind = try metadata.text("kind")
        let machines = try metadata.text("machines").split(separator: " ").map { MachineName(String($0)) }
        let feature = try metadata.feature()
        let known = machines.compactMap { $0 }
        guard !known.isEmpty, Set(known).count == machines.count else {
            throw metadata.failure("its class table is empty, names a machine twice or holds what is no TYPE/ID")
        }
        var calibration: [MachineName: Calibration] = [:]
        for machine in known { calibration[machine] = try metadata.calibration(of: machine) }
        self.init(
            kind: kind, feature: feature, machines: known, calibration: calibration, tensors: file.tensors,
            settings: metadata.values)
    }
}

/// Takes known entries out of a file's metadata; what is left belongs to the model's kind.
private struct MetadataReader {
    private(set) var values: [String: String]
    let file: String

    init(values: [String: String], file: String) {
        self.values = values
        self.file = file
    }

    func failure(_ reason: String) -> ModelError {
        ModelError(.damagedFile, "\(file) is not a usable model: \(reason)")
    }

    mutating func text(_ key: String) throws(ModelError) -> String {
        guard let value = values.removeValue(forKey: key) else {
            throw failure("its metadata lack \"\(key)\"; export it with `auscult model export`")
        }
        return value
    }

    mutating func value<Value>(_ key: String, _ read: (String) -> Value?) throws(ModelError) -> Value {
        let text = try text(key)
        guard let value = read(text) else { throw failure("its metadata say \"\(text)\" for \"\(key)\"") }
        return value
    }

    mutating func feature() throws(ModelError) -> LogMelParameters {
        let sampleRateHz = try value("feature.sampleRateHz") { Int($0) }
        let fftLength = try value("feature.fftLength") { Int($0) }
        let hopLength = try value("feature.hopLength") { Int($0) }
        let melBands = try value("feature.melBands") { Int($0) }
        let padding = try value("feature.padding", LogMelParameters.Padding.init(rawValue:))
        let floor = try value("feature.floor", LogMelParameters.DecibelFloor.init(rawValue:))
        do throws(SpectraError) {
            return try LogMelParameters(
                sampleRateHz: sampleRateHz, fftLength: fftLength, hopLength: hopLength, melBands: melBands,
                padding: padding, floor: floor)
        } catch {
            throw failure(error.description)
        }
    }

    /// Nil where the machine has no calibration.
    mutating func calibration(of machine: MachineName) throws(ModelError) -> Calibration? {
        let prefix = "calibration.\(machine)"
        guard values["\(prefix).threshold"] != nil else { return nil }
        let threshold = try value("\(prefix).threshold") { Double($0) }
        let rate = try value("\(prefix).falseAlarmRate") { Double($0) }
        let clips = try value("\(prefix).clips") { Int($0) }
        let method = try value("\(prefix).method", Calibration.Method.init(rawValue:))
        guard threshold.isFinite, rate > 0, rate < 1, clips > 0 else {
            throw failure("the threshold \(threshold) at a rate of \(rate) from \(clips) clips of \(machine) is none")
        }
        return Calibration(method: method, falseAlarmRate: rate, clipCount: clips, threshold: threshold)
    }
}
