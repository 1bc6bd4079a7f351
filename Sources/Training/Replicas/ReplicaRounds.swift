internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// Takes replicas through their rounds, and keeps their states for the rounds that follow.
///
/// Whether a state was kept changes the time a round takes, never its output: what is not there is made by repeating the
/// rounds before, up to the one that began afresh.
final class ReplicaRounds {
    private static let keptLimit = 16

    private let network: NetworkShards
    private var course: ReplicaCourse?
    /// By the hash of the encoded round they are the end of; oldest first.
    private var kept: [(key: ContentHash, state: ReplicaState)] = []

    init(_ network: NetworkShards) { self.network = network }

    typealias Fetch = NetworkShards.Fetch

    /// - Parameter pause: called before each step; what it throws ends the round.
    func output(
        _ specification: [UInt8], pause: () throws -> Void, fetch: Fetch
    ) throws -> RoundShard.Output {
        let key = ContentHash(of: specification)
        let shard = try RoundShard(decoding: specification)
        let course = try course(shard.course, fetch: fetch)
        let layout = ParameterLayout(course.architecture)
        let state =
            shard.previous.isEmpty
            ? ReplicaState(layout) : ReplicaState(try self.state(after: shard.previous, pause, fetch), layout)
        let start = try weights(shard, course, fetch: fetch)
        let weights = start.copy()
        var steps = RoundShard.Output.Course(loss: 0, skipped: 0)
        for step in shard.firstStep..<shard.firstStep + shard.steps {
            try pause()
            let (change, loss) = try gradient(shard, course, step: step, weights, fetch: fetch)
            steps.loss += loss / Double(shard.steps)
            let isTaken = state.descent.step(
                weights, change, course.optimiser, learningRate: course.learningRate(step: step),
                fixesNorms: shard.fixesNorms)
            if isTaken { continue }
            steps.skipped += 1
            if state.descent.gate.skips >= GradientGate.skipLimit { return .diverged }
        }
        guard weights.buffer.norm(first: layout.count).isFinite else { return .diverged }
        keep(state, key)
        guard shard.isCompressed else { return .weights(weights.withRemainder(state.remainder), steps) }
        let (from, to, left) = (start.buffer.pointer, weights.buffer.pointer, state.remainder.pointer)
        for index in 0..<layout.trainedCount { left[index] += to[index] - from[index] }
        return .change(
            WeightChange(taking: state.remainder, layout: layout, statistics: weights.statistics), steps)
    }

    /// A replica's state at the end of a round.
    private func state(after round: [UInt8], _ pause: () throws -> Void, _ fetch: Fetch) throws -> ReplicaState {
        let key = ContentHash(of: round)
        if let known = kept.last(where: { $0.key == key }) { return known.state }
        guard try output(round, pause: pause, fetch: fetch) != .diverged, let made = kept.last, made.key == key else {
            throw WireError(.computeFailed, "a round that went well before has diverged here; check this host's memory")
        }
        return made.state
    }

    private func keep(_ state: ReplicaState, _ key: ContentHash) {
        kept.removeAll { $0.key == key }
        kept.append((key, state))
        if kept.count > Self.keptLimit { kept.removeFirst() }
    }

    private func course(_ hash: ContentHash, fetch: Fetch) throws -> ReplicaCourse {
        if let course, course.hash == hash { return course }
        let bytes = try fetch(hash)
        guard ContentHash(of: bytes) == hash else {
            throw WireError(.wrongOutput, "\(bytes.count) bytes of a course are not those that were asked for")
        }
        let new = try ReplicaCourse(try RoundCourse(decoding: bytes), hash: hash)
        course = new
        return new
    }

    /// The weights that a round begins with: at hand, a change away from those of the round before, or fetched in full.
    private func weights(_ shard: RoundShard, _ course: ReplicaCourse, fetch: Fetch) throws -> Parameters {
        guard let hash = shard.change else {
            return try network.parameters(shard.weights, course.architecture, fetch: fetch)
        }
        if let known = network.knownParameters(shard.weights) { return known }
        let previous = try weights(try RoundShard(decoding: shard.previous), course, fetch: fetch).copy()
        let change = try WeightChange(decoding: try fetch(hash))
        guard change.fits(previous.layout) else {
            throw WireError(.badBody, "a change of \(change.digits.count) weights for another network")
        }
        change.apply(to: previous)
        guard previous.weightsHash == shard.weights else {
            throw WireError(
                .wrongOutput, "the change \(hash.description.prefix(12)) leads to other weights than it should")
        }
        network.keep(previous, shard.weights)
        return previous
    }

    /// One whole step: forth, tail, back. The gradient, and behind it the moments of the batch.
    private func gradient(
        _ shard: RoundShard, _ course: ReplicaCourse, step: Int, _ weights: Parameters, fetch: Fetch
    ) throws -> (change: FloatBuffer, loss: Double) {
        let layout = weights.layout
        let batch = try course.batch(step: step, replica: shard.replica)
        typealias Pass = (backbone: Backbone, statistics: FloatBuffer, features: [Float])
        func forth(_ clips: [ForwardShard.Clip]) throws -> Pass {
            let backbone = try network.load(
                clips, course.architecture, course.feature, course.clipExtent, fixesNorms: shard.fixesNorms,
                fetch: fetch)
            let statistics = FloatBuffer(count: layout.count)
            return (backbone, statistics, backbone.forward(weights, statistics: statistics))
        }
        // Activations beyond what a worker may keep are made again on the way back.
        var waiting: [Pass?] = []
        var features: [[Float]] = []
        for clips in batch.shards {
            let pass = try forth(clips)
            features.append(pass.features)
            let isKept = network.mayKeep(waiting.count + 1, as: pass.backbone)
            waiting.append(isKept ? pass : nil)
            if !isKept { network.release(pass.backbone) }
        }
        var turned = TurnedStep(batch, features: features, weights, fixesNorms: shard.fixesNorms)
        for (index, clips) in batch.shards.enumerated() {
            let (backbone, statistics, _) = try waiting[index] ?? forth(clips)
            let change = FloatBuffer(count: layout.count)
            backbone.backward(weights, featureGradient: turned.featureGradients[index], gradient: change)
            for (place, moment) in layout.statistics(in: statistics).enumerated() {
                change.pointer[layout.trainedCount + place] = moment
            }
            network.release(backbone)
            waiting[index] = nil
            turned.add(change, at: index)
        }
        return (turned.change(), turned.loss)
    }
}

extension Parameters {
    /// All numbers, with what changes in eight bits still owe the trained ones.
    fileprivate func withRemainder(_ remainder: FloatBuffer) -> [Float] {
        var values = buffer.values
        for index in 0..<layout.trainedCount where remainder.pointer[index] != 0 {
            values[index] += remainder.pointer[index]
        }
        return values
    }
}
