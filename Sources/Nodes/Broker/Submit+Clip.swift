internal import Messaging
internal import Plant
internal import Wire

extension WireSubmit {
    /// The clip a SUBMIT describes, or what is wrong with it.
    ///
    /// The payload is looked at no further than its first bytes; its hash is checked before it is stored.
    func clip(payload: ArraySlice<Frame>) -> Result<ClipRecord, WireError> {
        guard let machineName = MachineName(type: machine.type, id: machine.id) else {
            return .failure(
                WireError(
                    .unknownMachine,
                    "\"\(machine.type)/\(machine.id)\" is not a machine's name: each part has 1 to 64 letters, digits, _, - or ."
                ))
        }
        guard let hash = ContentHash(bytes: sha256) else {
            return .failure(WireError(.badField, "the SHA-256 of clip \(key) has \(sha256.count) bytes, not 32"))
        }
        guard length > 0 else { return .failure(WireError(.empty, "clip \(key) has no bytes")) }
        return describe(machineName, hash, payload)
    }

    private func describe(
        _ machine: MachineName, _ hash: ContentHash, _ payload: ArraySlice<Frame>
    ) -> Result<ClipRecord, WireError> {
        let start = payload.first?.withUnsafeBytes { Array($0.prefix(6)) } ?? []
        var record = ClipRecord(
            key: key, site: site, machine: machine, recordedAt: recordedAt, sha256: hash, format: .audio, name: name,
            channel: Int(channel), feature: nil, priority: ClipRecord.Priority(priority),
            location: .unstored(length: Int64(length)))
        switch format {
        case .audio:
            guard ["RIFF", "RF64", "BW64", "fLaC"].contains(where: { start.starts(with: $0.utf8) }) else {
                return .failure(WireError(.notAudio, "clip \(key) (\(name)) is neither WAV nor FLAC"))
            }
        case .logMel:
            guard start.starts(with: [0x93] + Array("NUMPY".utf8)), hasFeature, let known = FeatureRecord(feature)
            else {
                return .failure(
                    WireError(
                        .notLogMel, "clip \(key) (\(name)) is not an .npy array with the parameters of its log-mel"))
            }
            record.format = .logMel
            record.feature = known
        case .unspecified, .UNRECOGNIZED:
            return .failure(WireError(.unknownFormat, "the payload format of clip \(key) is not known here"))
        }
        return .success(record)
    }
}

extension ClipRecord.Priority {
    /// What this version does not know is normal.
    init(_ priority: WirePriority) {
        self =
            switch priority {
            case .urgent: .urgent
            case .bulk: .bulk
            case .normal, .UNRECOGNIZED: .normal
            }
    }
}

extension FeatureRecord {
    /// Nil when a parameter is 0 or beyond any use.
    init?(_ parameters: WireLogMelParameters) {
        let numbers = [
            parameters.sampleRateHz, parameters.fftLength, parameters.hopLength, parameters.melBands,
        ]
        guard numbers.allSatisfy({ (1...10_000_000).contains($0) }) else { return nil }
        self.init(
            sampleRateHz: Int(parameters.sampleRateHz), fftLength: Int(parameters.fftLength),
            hopLength: Int(parameters.hopLength), melBands: Int(parameters.melBands),
            reflectPadding: parameters.reflectPadding)
    }
}
