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
    private var teacher: (hash: ContentHash, network: FoldedNetwork, scratch: FoldedNetwork.Scratch)?

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
        let shard = try ForwardShard(decoding: specification)
        var taught = ForwardShard.Output.Teacher()
        let (kept, features) = try run(shard, key: ContentHash(of: specification), fetch: fetch) { window in
            guard let hash = shard.teacher else { return }
            let teacher = try self.teacher(hash, shard.task, fetch: fetch)
            let hearing = teacher.network.hear(
                logMel: window.logMel.values, wave: window.wave, scratch: teacher.scratch)
            taught.embeddings += hearing.embedding
            taught.cosines += hearing.cosines
        }
        self.kept.append(kept)
        return ForwardShard.Output(
            features: features,
            statistics: ParameterLayout(kept.backbone.architecture).statistics(in: kept.statistics), teacher: taught)
    }

    func backward(_ shard: BackwardShard, fetch: Fetch) throws -> BackwardShard.Output {
        let key = ContentHash(of: shard.forward)
        let forward = try ForwardShard(decoding: shard.forward)
        let kept: Kept
        if let index = self.kept.firstIndex(where: { $0.key == key }) {
            kept = self.kept.remove(at: index)
        } else {
            kept = try run(forward, key: key, fetch: fetch).kept
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
            try parameters(forward.task, fetch: fetch), featureGradient: shard.featureGradient, gradient: gradient)
        let norm = gradient.norm(first: layout.trainedCount)
        return BackwardShard.Output(
            gradient: Array(UnsafeBufferPointer(start: gradient.pointer, count: layout.trainedCount)),
            statistics: layout.statistics(in: kept.statistics), norm: norm, isFinite: norm.isFinite)
    }

    func measure(_ shard: MeasureShard, fetch: Fetch) throws -> MeasureShard.Output {
        let listener = try listener(shard.task, shard.machines, fetch: fetch)
        let maker = try maker(for: shard.task.feature)
        let a = try architecture(shard.task)
        let extent = a.extent(of: shard.task.clipExtent)
        return MeasureShard.Output(
            clips: try shard.clips.map { clip in
                let window = try maker.window(clip, extent, usesWave: a.usesWave, bytes: fetch)
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
        let extent = a.extent(of: task.clipExtent)
        return clips.filter { !maker.has($0, extent, usesWave: a.usesWave) }
    }

    /// Takes a forward shard through the backbone.
    ///
    /// - Parameter hear: is given every clip as the backbone hears it.
    private func run(
        _ shard: ForwardShard, key: ContentHash, fetch: Fetch, hear: (ClipWindow) throws -> Void = { _ in }
    ) throws -> (kept: Kept, features: [Float]) {
        let parameters = try parameters(shard.task, fetch: fetch)
        guard !shard.clips.isEmpty else { throw WireError(.badBody, "a shard without clips") }
        let backbone = try load(
            shard.clips, parameters.architecture, shard.task.feature, shard.task.clipExtent, fetch: fetch, hear: hear)
        let statistics = FloatBuffer(count: parameters.layout.count)
        let features = backbone.forward(parameters, statistics: statistics)
        let kept = Kept(key: key, backbone: backbone, statistics: statistics, featuresHash: features.contentHash)
        return (kept, features)
    }

    /// A backbone with the clips taken in.
    ///
    /// - Parameters:
    ///   - clipExtent: how much is heard of a clip, where the network hears crops of it.
    ///   - hear: is given every clip as the backbone hears it.
    func load(
        _ clips: [ForwardShard.Clip], _ architecture: Architecture, _ feature: FeatureRecord,
        _ clipExtent: SurveyShard.Output.Extent?, fixesNorms: Bool = false, fetch: Fetch,
        hear: (ClipWindow) throws -> Void = { _ in }
    ) throws -> Backbone {
        let maker = try maker(for: feature)
        let backbone = backbone(architecture, clips: clips.count)
        backbone.fixesNorms = fixesNorms
        let (extent, crop) = (architecture.extent(of: clipExtent), architecture.extent(of: nil))
        func window(_ clip: ShardClip, _ start: Int) throws -> ClipWindow {
            let whole = try maker.window(clip, extent, usesWave: architecture.usesWave, bytes: fetch)
            guard extent != crop else { return whole }
            guard start + crop.frames <= extent.frames else {
                throw WireError(.badBody, "\(clip.name): a crop from frame \(start) of \(extent.frames)")
            }
            return whole.cropped(from: start, to: crop, hopLength: feature.hopLength)
        }
        for (index, mixed) in clips.enumerated() {
            var heard = try window(mixed.clip, mixed.start)
            if let partner = mixed.partner {
                heard = heard.mixed(with: try window(partner, mixed.partnerStart), share: mixed.share)
            }
            backbone.load(index, logMel: heard.logMel.values, wave: heard.wave)
            try hear(heard)
        }
        return backbone
    }

    /// Nobody needs the backbone's activations any more.
    func release(_ backbone: Backbone) { idle.append(backbone) }

    /// Whether the activations of so many shards as large may be kept, beside those that wait already.
    func mayKeep(_ count: Int, as backbone: Backbone) -> Bool {
        keptBytes + count * backbone.activationBytes <= activationLimit
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
                parameters, feature: try self.parameters(of: task.feature), machines: machines,
                windowHop: task.clipExtent == nil ? 0 : nil, averagesWindows: task.clipExtent != nil)
            let new = try model.makeListener()
            listener = (task, machines, new)
            return new
        } catch {
            throw WireError(.badBody, error.reason)
        }
    }
    private func teacher(
        _ hash: ContentHash, _ task: NetworkTask, fetch: Fetch
    ) throws -> (hash: ContentHash, network: FoldedNetwork, scratch: FoldedNetwork.Scratch) {
        if let teacher, teacher.hash == hash { return teacher }
        let parameters = try parameters(hash, try architecture(task), fetch: fetch)
        let new = (hash, FoldedNetwork(parameters), FoldedNetwork.Scratch(parameters.architecture))
        teacher = new
        return new
    }
}

extension Architecture {
    /// How much is to be made of a clip: what the network hears of it, or the whole that its crops are cut from.
    func extent(of clip: SurveyShard.Output.Extent?) -> SurveyShard.Output.Extent {
        clip ?? .init(samples: waveSamples, frames: frames)
    }
}
