internal import Detection
internal import Networks
internal import Plant
internal import Wire

/// A `RoundCourse` as a worker uses it.
struct ReplicaCourse {
    let hash: ContentHash
    let architecture: Architecture
    let feature: FeatureRecord
    private let recipe: TrainingRecipe
    private let replicas: Int
    private let steps: Int
    private let clips: [ShardClip]
    private let labels: [Int]
    /// One for all replicas, or one for each where they keep to their own clips.
    private let plans: [BatchPlan]
    /// By plan, its clips among all.
    private let members: [[Int]]

    init(_ course: RoundCourse, hash: ContentHash) throws(WireError) {
        do throws(ModelError) {
            architecture = try Architecture(settings: course.architecture)
        } catch {
            throw WireError(.badBody, error.reason)
        }
        guard course.labels.allSatisfy((0..<architecture.classes).contains) else {
            throw WireError(.badBody, "labels beyond the \(architecture.classes) classes of the network")
        }
        var recipe = TrainingRecipe(architecture: architecture, length: .steps(course.steps))
        (recipe.batch, recipe.shard, recipe.seed) = (course.batch, course.shard, course.seed)
        (recipe.mixes, recipe.isBalanced) = (course.mixes, course.isBalanced)
        recipe.learningRate = course.learningRate
        recipe.optimiser = Optimiser(course.adamW)
        var split = ReplicaRecipe()
        split.replicas = course.replicas
        members =
            course.isDivided
            ? (0..<course.replicas).map { split.ownClips($0, of: course.clips.count) } : [Array(course.clips.indices)]
        plans = members.map { members in BatchPlan(recipe, labels: members.map { course.labels[$0] }) }
        (self.hash, self.recipe, self.replicas, self.steps) = (hash, recipe, course.replicas, course.steps)
        (feature, clips, labels) = (course.feature, course.clips, course.labels)
    }

    var shard: Int { recipe.shard }
    var optimiser: Optimiser { recipe.optimiser }

    func learningRate(step: Int) -> Double { recipe.learningRate(step: step, of: steps) }

    /// What a replica hears in a step: of common clips, no two replicas the same before all have been heard.
    func batch(step: Int, replica: Int) throws(WireError) -> [BatchPlan.Entry] {
        guard (0..<replicas).contains(replica), step <= steps else {
            throw WireError(.badBody, "step \(step) of replica \(replica), of \(steps) and \(replicas)")
        }
        guard plans.count > 1 else { return plans[0].batch(step: (step - 1) * replicas + replica + 1) }
        return plans[replica].batch(step: step).map { entry in
            let own = members[replica]
            return .init(clip: own[entry.clip], partner: own[entry.partner], share: entry.share)
        }
    }

    func clip(_ entry: BatchPlan.Entry) -> ForwardShard.Clip {
        .init(clips[entry.clip], partner: entry.share == 1 ? nil : clips[entry.partner], share: entry.share)
    }

    func targets(_ entries: [BatchPlan.Entry]) -> Tail.Targets {
        .init(
            labels: entries.map { labels[$0.clip] }, mixedLabels: entries.map { labels[$0.partner] },
            shares: entries.map(\.share))
    }
}

extension RoundCourse.AdamW {
    /// Nil for plain gradient descent.
    init?(_ optimiser: Optimiser) {
        guard case .adamW(let adamW) = optimiser else { return nil }
        self.init(
            firstDecay: adamW.firstDecay, secondDecay: adamW.secondDecay, epsilon: adamW.epsilon,
            weightDecay: adamW.weightDecay)
    }
}

extension Optimiser {
    init(_ adamW: RoundCourse.AdamW?) {
        guard let adamW else {
            self = .gradientDescent
            return
        }
        var own = AdamW()
        (own.firstDecay, own.secondDecay) = (adamW.firstDecay, adamW.secondDecay)
        (own.epsilon, own.weightDecay) = (adamW.epsilon, adamW.weightDecay)
        self = .adamW(own)
    }
}
