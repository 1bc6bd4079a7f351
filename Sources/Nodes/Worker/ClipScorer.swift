internal import Audio
internal import Detection
internal import FoundationEssentials
package import Plant
internal import Spectra
internal import SwiftProtobuf
internal import Training
package import Wire

/// Scores pushed clips on one thread; keeps the models it has met and what they compute with.
package final class ClipScorer {
    private struct Loaded {
        var scorer: any Scorer
        var feature: FeatureRecord
        var decoder: ClipDecoder
    }

    /// More champions than this at once and the oldest is read anew when it is needed again.
    private static let modelLimit = 16

    private var models: [ContentHash: Loaded] = [:]
    private var order: [ContentHash] = []

    package init() {}

    /// Decodes and scores one clip.
    ///
    /// - Parameters:
    ///   - payload: the clip's file.
    ///   - content: fetches the model's file by its hash.
    ///   - decoding: told when the decoding of the clip begins, and when it has ended.
    ///
    /// Throws what is wrong with the clip or the model as a `WireError`, and whatever `content` throws.
    package func score(
        _ work: WireScoreWork, payload: [UInt8], content: (ContentHash) throws -> [UInt8],
        decoding: (Bool) -> Void = { _ in }
    ) throws -> WireScore {
        guard let machine = MachineName(type: work.machine.type, id: work.machine.id) else {
            throw WireError(
                .unknownMachine, "\(work.name): \(work.machine.type)/\(work.machine.id) is not a machine's name")
        }
        guard let hash = ContentHash(bytes: work.modelSha256) else {
            throw WireError(.noSuchModel, "\(work.name): no model is promoted for \(machine)")
        }
        var model = try loaded(hash, version: work.modelVersion, content: content)
        let clip: ClipDecoder.Decoded
        do {
            decoding(true)
            defer { decoding(false) }
            clip = try model.decoder.decode(
                payload, format: work.format == .logMel ? .logMel : .audio, name: work.name,
                channel: Int(work.channel), feature: work.hasFeature ? FeatureRecord(work.feature) : nil)
        }
        let score: ClipScore
        do throws(ModelError) {
            score = try model.scorer.score(clip.signal, machine: machine)
        } catch {
            throw WireError(error, clip: work.name)
        }
        return .with {
            $0.modelVersion = work.modelVersion
            $0.score = score.score
            if let logOdds = score.logOdds { $0.logOdds = logOdds }
            if let threshold = score.threshold { $0.threshold = threshold }
            if let distance = score.neighbourDistance { $0.neighbourDistance = distance }
            $0.verdict = score.verdict.rawValue
            $0.flags = clip.flags.names
            $0.reason = score.reason ?? ""
            $0.shares = score.shares.map(\.message)
        }
    }

    private func loaded(
        _ hash: ContentHash, version: String, content: (ContentHash) throws -> [UInt8]
    ) throws -> Loaded {
        if let model = models[hash] { return model }
        let bytes = try content(hash)
        do throws(ModelError) {
            let model = try ModelFile(decoding: bytes, name: version).model()
            let loaded = Loaded(
                scorer: try model.makeScorer(), feature: model.feature.record,
                decoder: ClipDecoder(sampleRateHz: model.feature.sampleRateHz))
            if order.count == Self.modelLimit { models[order.removeFirst()] = nil }
            order.append(hash)
            models[hash] = loaded
            return loaded
        } catch {
            throw WireError(.unreadableModel, error.reason)
        }
    }
}
