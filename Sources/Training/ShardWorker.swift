package import Plant
private import Detection
private import Spectra
internal import Wire

/// Computes shards of training and evaluation; each thread has its own, which keeps what the next shard needs again.
///
/// A shard is a pure job: the same specification gives the same bytes on any worker.
package final class ShardWorker {
    private var decoders: [Int: ClipDecoder] = [:]
    private var extractor: LogMelExtractor?
    private var scorer: (model: ContentHash, scorer: any Scorer, feature: LogMelParameters)?
    private let network: NetworkShards
    private let rounds: ReplicaRounds

    /// - Parameters:
    ///   - store: of decoded clips.
    ///   - activationBytes: how much is kept of a network's activations, from one phase of a step to the next; shards
    ///     beyond it are computed again.
    package init(store: any FeatureStore = MemoryFeatureStore(), activationBytes: Int = .max) {
        network = NetworkShards(store: store, activationLimit: activationBytes)
        rounds = ReplicaRounds(network)
    }

    /// Bytes of activations that wait for the next phase of their step.
    package var keptActivationBytes: Int { network.keptBytes }

    /// Computes one shard.
    ///
    /// A clip that is itself at fault gets its reason in the output; the shard goes on without it.
    ///
    /// - Parameters:
    ///   - kind: one of those that the messages of shards state.
    ///   - specification: the message of that kind.
    ///   - pause: called now and then within a shard that takes minutes.
    ///   - content: fetches the bytes with that hash.
    ///
    /// Throws `WireError` `.unknownWork`, `.badBody` or `.unreadableModel`, and whatever `content` and `pause` throw.
    package func output(
        kind: String, specification: [UInt8], pause: () throws -> Void = {},
        content: (ContentHash) throws -> [UInt8]
    ) throws -> [UInt8] {
        switch kind {
        case EmbedShard.kind: try embed(try EmbedShard(decoding: specification), content: content).encoded()
        case ScoreShard.kind: try score(try ScoreShard(decoding: specification), content: content).encoded()
        case SurveyShard.kind:
            try network.survey(try SurveyShard(decoding: specification), fetch: content).encoded()
        case ForwardShard.kind: try network.forward(specification, fetch: content).encoded()
        case BackwardShard.kind:
            try network.backward(try BackwardShard(decoding: specification), fetch: content).encoded()
        case RoundShard.kind: try rounds.output(specification, pause: pause, fetch: content).encoded()
        case MeasureShard.kind:
            try network.measure(try MeasureShard(decoding: specification), fetch: content).encoded()
        default: throw WireError(.unknownWork, "this worker does not know shards of the kind \"\(kind)\"; update it")
        }
    }

    /// The content that a shard will ask for, as far as that can be told beforehand.
    package func clipsAhead(kind: String, specification: [UInt8]) -> [ContentHash] {
        let clips: [ShardClip]? =
            switch kind {
            case EmbedShard.kind: (try? EmbedShard(decoding: specification))?.clips
            case ScoreShard.kind: (try? ScoreShard(decoding: specification))?.clips
            default: try? network.missingClips(kind: kind, specification: specification)
            }
        return clips?.map(\.sha256) ?? []
    }

    private func embed(
        _ shard: EmbedShard, content: (ContentHash) throws -> [UInt8]
    ) throws -> EmbedShard.Output {
        let extractor = try extractor(for: shard.feature)
        return EmbedShard.Output(
            clips: try shard.clips.map { clip in
                let bytes = try content(clip.sha256)
                do throws(WireError) {
                    let signal = try decode(
                        bytes, clip, feature: shard.feature, sampleRateHz: shard.feature.sampleRateHz)
                    let logMel = try Self.logMel(of: signal, by: extractor, name: clip.name)
                    return .done(
                        .init(
                            values: try Self.embedding(shard.embedding, of: logMel, name: clip.name),
                            frameCount: logMel.frames))
                } catch {
                    return .unusable(reason: error.reason)
                }
            })
    }

    private func score(
        _ shard: ScoreShard, content: (ContentHash) throws -> [UInt8]
    ) throws -> ScoreShard.Output {
        let (scorer, feature) = try scorer(for: shard.model, content: content)
        return ScoreShard.Output(
            clips: try shard.clips.map { clip in
                let bytes = try content(clip.sha256)
                do throws(WireError) {
                    let signal = try decode(bytes, clip, feature: shard.feature, sampleRateHz: feature.sampleRateHz)
                    return .done(try Self.score(signal, of: clip, by: scorer))
                } catch {
                    return .unusable(reason: error.reason)
                }
            })
    }
}

extension ShardWorker {
    private func decode(
        _ bytes: [UInt8], _ clip: ShardClip, feature: FeatureRecord?, sampleRateHz: Int
    ) throws(WireError) -> ClipSignal {
        var decoder = decoders[sampleRateHz] ?? ClipDecoder(sampleRateHz: sampleRateHz)
        defer { decoders[sampleRateHz] = decoder }
        return try decoder.decode(
            bytes, format: clip.format, name: clip.name, channel: clip.channel, feature: feature
        ).signal
    }

    private static func logMel(
        of signal: ClipSignal, by extractor: LogMelExtractor, name: String
    ) throws(WireError) -> LogMel {
        do throws(ModelError) {
            return try signal.logMel(by: extractor, name: name)
        } catch {
            throw WireError(error, clip: name)
        }
    }

    private static func embedding(
        _ embedding: EmbedShard.Embedding, of logMel: LogMel, name: String
    ) throws(WireError) -> [Double] {
        switch embedding {
        case .timeStatistics: return logMel.timeStatistics.map { Double($0) }
        case .hearing:
            guard logMel.frames >= Hearing.fewestFrames else {
                throw WireError(.tooShort, "\(name): is a single frame, which has no step; record longer")
            }
            return logMel.hearing.values
        }
    }

    private static func score(
        _ signal: ClipSignal, of clip: ShardClip, by scorer: any Scorer
    ) throws(WireError) -> ScoreShard.Output.Score {
        do throws(ModelError) {
            let score = try scorer.score(signal, machine: clip.machine)
            return ScoreShard.Output.Score(
                score: score.score, logOdds: score.logOdds, crossEntropy: score.crossEntropy,
                neighbourDistance: score.neighbourDistance, threshold: score.threshold,
                isAnomalous: score.verdict == .anomalous)
        } catch {
            throw WireError(error, clip: clip.name)
        }
    }

    private func extractor(for feature: FeatureRecord) throws(WireError) -> LogMelExtractor {
        if let extractor, extractor.parameters.record == feature { return extractor }
        do throws(SpectraError) {
            let new = try LogMelExtractor(try LogMelParameters(feature))
            extractor = new
            return new
        } catch {
            throw WireError(error)
        }
    }

    private func scorer(
        for model: ContentHash, content: (ContentHash) throws -> [UInt8]
    ) throws -> (any Scorer, LogMelParameters) {
        if let scorer, scorer.model == model { return (scorer.scorer, scorer.feature) }
        let bytes = try content(model)
        do throws(ModelError) {
            let read = try ModelFile(decoding: bytes, name: "model \(model.description.prefix(12))").model()
            let new = try read.makeScorer()
            scorer = (model, new, read.feature)
            return (new, read.feature)
        } catch {
            throw WireError(.unreadableModel, error.reason)
        }
    }
}
