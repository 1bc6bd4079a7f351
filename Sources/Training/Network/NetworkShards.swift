internal import Detection
internal import Networks
internal import Plant
internal import Spectra
internal import Tensors
internal import Wire

/// Computes the shards of an OS-SCL training; keeps weights, windows and activations for the shard that follows.
///
/// Whether something was kept changes the time a shard takes, never its output.
final class NetworkShards {
    private struct Kept {
        /// Of the encoded forward shard.
        let key: ContentHash
        let backbone: Backbone
        let statistics: FloatBuffer
        let featuresHash: ContentHash
    }

    /// Versions of the weights: the present ones, their average, and those a straggler still asks for.
    private static let versionLimit = 4
    private static let longestSeconds = 10

    private let store: any FeatureStore
    /// Bytes of activations that are kept from forward to backward; one shard's always are.
    private let activationLimit: Int
    private var maker: ClipWindowMaker?
    private var versions: [(hash: ContentHash, parameters: Parameters)] = []
    private var kept: [Kept] = []
    private var idle: [Backbone] = []
    /// Shared by all backbones, since one at a time goes back.
    private var room: GradientRoom?
    private var listener: (task: NetworkTask, machines: [MachineName], listener: NetworkListener)?

    init(store: any FeatureStore, activationLimit: Int) {
        self.store = store
        self.activationLimit = activationLimit
    }

    typealias Fetch = (ContentHash) throws -> [UInt8]

    func survey(_ shard: SurveyShard, fetch: Fetch) throws -> SurveyShard.Output {
        let maker = try maker(for: shard.feature)
        return SurveyShard.Output(
            clips: try shard.clips.map { clip in
                let bytes = try ClipWindowMaker.bytes(of: clip, fetch: fetch)
                do throws(WireError) {
                    return .done(
                        try maker.survey(
                            clip, bytes: bytes, longest: Self.longestSeconds * shard.feature.sampleRateHz,
                            usesWave: shard.usesWave))
                } catch {
                    return .unusable(reason: error.reason)
                }
            })
    }

    func forward(_ specification: [UInt8], fetch: Fetch) throws -> ForwardShard.Output {
        let kept = try run(specification, fetch: fetch)
        self.kept.append(kept.kept)
        return ForwardShard.Output(
            features: kept.features,
            statistics: ParameterLayout(kept.kept.backbone.architecture).statistics(in: kept.kept.statistics))
    }

    func backward(_ shard: BackwardShard, fetch: Fetch) throws -> BackwardShard.Output {
        let key = ContentHash(of: shard.forward)
        let task = try ForwardShard(decoding: shard.forward).task
        let kept: Kept
        if let index = self.kept.firstIndex(where: { $0.key == key }) {
            kept = self.kept.remove(at: index)
        } else {
            kept = try run(shard.forward, fetch: fetch).kept
        }
        defer { idle.append(kept.backbone) }
        guard kept.featuresHash == shard.featuresHash else {
            throw WireError(
                .computeFailed,
                "this worker's features are \(kept.featuresHash.description.prefix(12)), not "
                    + "\(shard.featuresHash.description.prefix(12)): its arithmetic differs from that of the run; "
                    + "run every worker of a training on one kind of processor")
        }
        let (backbone, layout) = (kept.backbone, ParameterLayout(kept.backbone.architecture))
        guard shard.featureGradient.count == backbone.clips * backbone.architecture.trunkChannels else {
            throw WireError(.badBody, "\(shard.featureGradient.count) feature gradients for \(backbone.clips) clips")
        }
        let gradient = FloatBuffer(count: layout.count)
        backbone.backward(
            try parameters(task, fetch: fetch), featureGradient: shard.featureGradient, gradient: gradient)
        let norm = gradient.norm(first: layout.trainedCount)
        return BackwardShard.Output(
            gradient: Array(UnsafeBufferPointer(start: gradient.pointer, count: layout.trainedCount)),
            statistics: layout.statistics(in: kept.statistics), norm: norm, isFinite: norm.isFinite)
    }

    func measure(_ shard: MeasureShard, fetch: Fetch) throws -> MeasureShard.Output {
        let listener = try listener(shard.task, shard.machines, fetch: fetch)
        let maker = try maker(for: shard.task.feature)
        let a = try architecture(shard.task)
        return MeasureShard.Output(
            clips: try shard.clips.map { clip in
                let window = try maker.window(
                    clip, samples: a.waveSamples, frames: a.frames, usesWave: a.usesWave, bytes: fetch)
                do throws(ModelError) {
                    let signal =
                        a.usesWave
                        ? ClipSignal.samples(window.wave, sampleRateHz: shard.task.feature.sampleRateHz)
                        : .logMel(window.logMel, try parameters(of: shard.task.feature))
                    let measures = try listener.measure(signal, machine: clip.machine)
                    return .done(
                        .init(
                            logOdds: measures.logOdds, centreDistance: measures.centreDistance,
                            embedding: measures.embedding, timeStatistics: measures.timeStatistics))
                } catch {
                    return .unusable(reason: WireError(error, clip: clip.name).reason)
                }
            })
    }
}

extension NetworkShards {
    /// The clips that a shard will fetch: those whose windows the store does not have.
    func missingClips(kind: String, specification: [UInt8]) throws -> [ShardClip] {
        switch kind {
        case SurveyShard.kind: return try SurveyShard(decoding: specification).clips
        case ForwardShard.kind:
            let shard = try ForwardShard(decoding: specification)
            return try missing(shard.clips.flatMap { [$0.clip] + ($0.partner.map { [$0] } ?? []) }, of: shard.task)
        case MeasureShard.kind:
            let shard = try MeasureShard(decoding: specification)
            return try missing(shard.clips, of: shard.task)
        default: return []
        }
    }

    private func missing(_ clips: [ShardClip], of task: NetworkTask) throws -> [ShardClip] {
        let (maker, a) = (try maker(for: task.feature), try architecture(task))
        return clips.filter { !maker.has($0, samples: a.waveSamples, frames: a.frames, usesWave: a.usesWave) }
    }

    /// Takes a forward shard through the backbone.
    private func run(_ specification: [UInt8], fetch: Fetch) throws -> (kept: Kept, features: [Float]) {
        let shard = try ForwardShard(decoding: specification)
        let parameters = try parameters(shard.task, fetch: fetch)
        guard !shard.clips.isEmpty else { throw WireError(.badBody, "a shard without clips") }
        let backbone = try load(shard.clips, parameters.architecture, shard.task.feature, fetch: fetch)
        let statistics = FloatBuffer(count: parameters.layout.count)
        let features = backbone.forward(parameters, statistics: statistics)
        let kept = Kept(
            key: ContentHash(of: specification), backbone: backbone, statistics: statistics,
            featuresHash: features.contentHash)
        return (kept, features)
    }

    /// A backbone with the clips taken in.
    func load(
        _ clips: [ForwardShard.Clip], _ architecture: Architecture, _ feature: FeatureRecord, fixesNorms: Bool = false,
        fetch: Fetch
    ) throws -> Backbone {
        let maker = try maker(for: feature)
        let backbone = backbone(architecture, clips: clips.count)
        backbone.fixesNorms = fixesNorms
        for (index, mixed) in clips.enumerated() {
            func window(_ clip: ShardClip) throws -> ClipWindow {
                try maker.window(
                    clip, samples: architecture.waveSamples, frames: architecture.frames,
                    usesWave: architecture.usesWave, bytes: fetch)
            }
            var (logMel, wave): ([Float], [Float])
            let own = try window(mixed.clip)
            (logMel, wave) = (own.logMel.values, own.wave)
            if let partner = mixed.partner {
                let other = try window(partner)
                Self.mix(&logMel, other.logMel.values, share: mixed.share)
                Self.mix(&wave, other.wave, share: mixed.share)
            }
            backbone.load(index, logMel: logMel, wave: wave)
        }
        return backbone
    }

    /// Nobody needs the backbone's activations any more.
    func release(_ backbone: Backbone) { idle.append(backbone) }

    /// Whether the activations of so many shards as large may be kept, beside those that wait already.
    func mayKeep(_ count: Int, as backbone: Backbone) -> Bool {
        keptBytes + count * backbone.activationBytes <= activationLimit
    }

    private static func mix(_ values: inout [Float], _ other: [Float], share: Float) {
        for index in values.indices { values[index] = share * values[index] + (1 - share) * other[index] }
    }

    private func architecture(_ task: NetworkTask) throws(WireError) -> Architecture {
        do throws(ModelError) {
            return try Architecture(settings: task.architecture)
        } catch {
            throw WireError(.badBody, error.reason)
        }
    }

    private func parameters(of feature: FeatureRecord) throws(ModelError) -> LogMelParameters {
        do throws(SpectraError) {
            return try LogMelParameters(feature)
        } catch {
            throw ModelError(.otherFeature, error.description)
        }
    }

    private func maker(for feature: FeatureRecord) throws(WireError) -> ClipWindowMaker {
        if let maker, maker.feature == feature { return maker }
        let new = try ClipWindowMaker(feature, store: store)
        maker = new
        return new
    }

    /// The weights of a task, fetched unless they are one of the last few versions.
    private func parameters(_ task: NetworkTask, fetch: Fetch) throws -> Parameters {
        try parameters(task.weights, try architecture(task), fetch: fetch)
    }

    func parameters(_ hash: ContentHash, _ architecture: Architecture, fetch: Fetch) throws -> Parameters {
        if let known = knownParameters(hash) { return known }
        let parameters = Parameters(architecture)
        let bytes = try fetch(hash)
        guard parameters.load(bytes: bytes), parameters.weightsHash == hash else {
            throw WireError(
                .wrongOutput, "\(bytes.count) bytes of weights are not those that were asked for")
        }
        keep(parameters, hash)
        return parameters
    }

    func knownParameters(_ hash: ContentHash) -> Parameters? { versions.first { $0.hash == hash }?.parameters }

    func keep(_ parameters: Parameters, _ hash: ContentHash) {
        versions.append((hash, parameters))
        if versions.count > Self.versionLimit { versions.removeFirst() }
    }

    /// A backbone whose activations nobody needs any more.
    private func backbone(_ architecture: Architecture, clips: Int) -> Backbone {
        if let index = idle.firstIndex(where: { $0.architecture == architecture && $0.clips == clips }) {
            return idle.remove(at: index)
        }
        idle = []
        kept.removeAll { $0.backbone.architecture != architecture }
        // Over the limit, the shard that has waited longest makes room, and is computed again if it is still asked for.
        while let oldest = kept.first?.backbone,
            keptBytes + clips * (oldest.activationBytes / oldest.clips) > activationLimit
        {
            kept.removeFirst()
            if oldest.clips == clips { return oldest }
        }
        let new = Backbone(architecture, clips: clips, room: room)
        room = new.room
        return new
    }

    /// Bytes of activations that wait for their way back.
    var keptBytes: Int { kept.reduce(0) { $0 + $1.backbone.activationBytes } }

    private func listener(
        _ task: NetworkTask, _ machines: [MachineName], fetch: Fetch
    ) throws -> NetworkListener {
        if let listener, listener.task == task, listener.machines == machines { return listener.listener }
        let parameters = try parameters(task, fetch: fetch)
        do throws(ModelError) {
            let model = try NetworkModel(
                parameters, feature: try self.parameters(of: task.feature), machines: machines, windowHop: 0)
            let new = try model.makeListener()
            listener = (task, machines, new)
            return new
        } catch {
            throw WireError(.badBody, error.reason)
        }
    }
}
