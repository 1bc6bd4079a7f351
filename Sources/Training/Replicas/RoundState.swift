internal import Networks
internal import Plant
internal import Tensors
internal import Wire

/// What the coordinator keeps from one round of replicas to the next. It has no lock: one thread owns it.
///
/// A span is the rounds since the last one that began afresh. Its first weights and the links from round to round are all
/// that a worker needs to repeat any of them.
final class RoundState {
    /// How one round led to the next.
    struct Link {
        let content: TrainingCheckpoint.Link
        /// Of the weights it leads to.
        let weights: ContentHash
        /// Of the bytes that workers fetch.
        let fetched: ContentHash

        init(_ content: TrainingCheckpoint.Link, weights: ContentHash) {
            (self.content, self.weights) = (content, weights)
            switch content {
            case .weights: fetched = weights
            case .change(let change): fetched = ContentHash(of: change.encoded())
            }
        }

        var isChange: Bool { if case .change = content { true } else { false } }

        var bytes: [UInt8] {
            switch content {
            case .weights(let bytes): bytes
            case .change(let change): change.encoded()
            }
        }
    }

    private let layout: ParameterLayout
    /// Of the average, where it has a momentum.
    private let velocity: FloatBuffer
    /// What the last change in eight bits left over.
    private let remainder: FloatBuffer
    private var spanStart: (weights: Parameters, hash: ContentHash)?
    private var links: [Link] = []

    init(_ layout: ParameterLayout) {
        self.layout = layout
        velocity = FloatBuffer(count: layout.trainedCount)
        remainder = FloatBuffer(count: layout.trainedCount)
    }

    /// A round is about to begin with these weights.
    func begin(_ round: TrainingSchedule.Round, _ weights: Parameters) {
        guard round.isFresh else { return }
        spanStart = (weights.copy(), weights.weightsHash)
        links = []
    }

    /// Moves the weights to where the replicas' mean sends them, in a change of eight bits within a span.
    ///
    /// Outside of one they arrive there exactly, and whatever an earlier change left over is made up for.
    func apply(mean: FloatBuffer, to weights: Parameters, _ averaging: ReplicaRecipe.Averaging, isCompressed: Bool) {
        let target = averaging.target(from: weights.buffer, mean: mean, velocity: velocity)
        if isCompressed {
            let (w, t) = (weights.buffer.pointer, target.pointer)
            for index in 0..<layout.trainedCount { remainder.pointer[index] += t[index] - w[index] }
            let statistics = Array(UnsafeBufferPointer(start: t, count: layout.count)[layout.trainedCount...])
            let change = WeightChange(taking: remainder, layout: layout, statistics: statistics)
            change.apply(to: weights)
            links.append(Link(.change(change), weights: weights.weightsHash))
        } else {
            for index in 0..<layout.trainedCount where remainder.pointer[index] != 0 {
                target.pointer[index] += remainder.pointer[index]
            }
            remainder.zero()
            weights.buffer.copy(from: target)
            links.append(Link(.weights(weights.bytes), weights: weights.weightsHash))
        }
    }

    /// The next round begins afresh, or there is none: nothing of this span is needed any more.
    func endSpan() { (spanStart, links) = (nil, []) }

    /// What the workers of a round may have to fetch.
    func provisions(course: Provision) -> [Provision] {
        guard let spanStart else { return [] }
        return [course, Provision(hash: spanStart.hash) { spanStart.weights.bytes }]
            + links.map { link in Provision(hash: link.fetched) { link.bytes } }
    }

    /// A replica's round, and those before it in its span.
    func specification(
        replica: Int, _ span: [TrainingSchedule.Round], _ schedule: TrainingSchedule, course: ContentHash
    ) -> [UInt8] {
        guard let spanStart else { preconditionFailure("a round that was not begun") }
        precondition(span.count == links.count + 1, "\(links.count) links between \(span.count) rounds")
        var (weights, change, previous): (ContentHash, ContentHash?, [UInt8]) = (spanStart.hash, nil, [])
        for (index, round) in span.enumerated() {
            if index > 0 {
                let link = links[index - 1]
                (weights, change) = (link.weights, link.isChange ? link.fetched : nil)
            }
            previous = RoundShard(
                course: course, weights: weights, change: change, replica: replica, firstStep: round.start + 1,
                steps: round.steps, fixesNorms: round.fixesNorms, isCompressed: schedule.isCompressed(round),
                previous: previous
            ).encoded()
        }
        return previous
    }
}

extension RoundState {
    /// All of it, for a checkpoint.
    var saved: TrainingCheckpoint.Rounds {
        .init(
            momentum: velocity.bytes, remainder: remainder.bytes,
            spanStart: links.isEmpty ? [] : spanStart?.weights.bytes ?? [], links: links.map(\.content))
    }

    /// Takes over a saved state that led to these weights; false where it did not.
    func load(_ saved: TrainingCheckpoint.Rounds, weights: Parameters) -> Bool {
        guard let velocity = FloatBuffer(bytes: saved.momentum), velocity.count == self.velocity.count,
            let remainder = FloatBuffer(bytes: saved.remainder), remainder.count == self.remainder.count
        else { return false }
        self.velocity.copy(from: velocity)
        self.remainder.copy(from: remainder)
        guard !saved.spanStart.isEmpty else { return true }
        let present = Parameters(weights.architecture)
        guard present.load(bytes: saved.spanStart) else { return false }
        spanStart = (present.copy(), present.weightsHash)
        for content in saved.links {
            switch content {
            case .weights(let bytes):
                guard present.load(bytes: bytes) else { return false }
            case .change(let change):
                guard change.fits(layout) else { return false }
                change.apply(to: present)
            }
            links.append(Link(content, weights: present.weightsHash))
        }
        return present.weightsHash == weights.weightsHash
    }
}
