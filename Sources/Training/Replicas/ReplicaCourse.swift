internal import Detection
internal import Networks
internal import Plant
internal import Spectra
internal import Wire

/// A `RoundCourse` as a worker uses it.
struct ReplicaCourse {
    let hash: ContentHash
    let architecture: Architecture
    let feature: FeatureRecord
    let clipExtent: SurveyShard.Output.Extent?
    private let recipe: TrainingRecipe
    private let replicas: Int
    private let steps: Int
    private let set: TrainingSet
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
        let recipe = TrainingRecipe(course, architecture)
        var split = ReplicaRecipe()
        split.replicas = course.replicas
        members =
            course.isDivided
            ? (0..<course.replicas).map { split.ownClips($0, of: course.clips.count) } : [Array(course.clips.indices)]
        let slack = max((course.clipExtent?.frames ?? 0) - architecture.frames, 0)
        plans = members.map { members in
            BatchPlan(recipe, labels: members.map { course.labels[$0] }, slack: slack)
        }
        set = TrainingSet(clips: course.clips, labels: course.labels, shard: course.shard)
        (self.hash, self.recipe, self.replicas, self.steps) = (hash, recipe, course.replicas, course.steps)
        (feature, clipExtent) = (course.feature, course.clipExtent)
    }

    var optimiser: Optimiser { recipe.optimiser }

    func learningRate(step: Int) -> Double {
        recipe.learningRate(step: step, of: steps, clips: set.clips.count)
    }

    /// What a replica hears in a step: of common clips, no two replicas the same before all have been heard.
    func batch(step: Int, replica: Int) throws(WireError) -> TrainingBatch {
        guard (0..<replicas).contains(replica), step <= steps else {
            throw WireError(.badBody, "step \(step) of replica \(replica), of \(steps) and \(replicas)")
        }
        guard plans.count > 1 else { return set.batch(plans[0].batch(step: (step - 1) * replicas + replica + 1)) }
        let own = members[replica]
        return set.batch(
            plans[replica].batch(step: step).map { entry in
                var owned = entry
                (owned.clip, owned.partner) = (own[entry.clip], own[entry.partner])
                return owned
            })
    }
}

// MARK: A recipe on its way to the workers

extension TrainingCourse {
    /// What workers have to know of all rounds.
    func roundCourse(_ replicas: ReplicaRecipe) -> RoundCourse {
        RoundCourse(
            architecture: architecture.settings, feature: feature.record, clips: set.clips, labels: set.labels,
            batch: recipe.batch, shard: recipe.shard, seed: recipe.seed, mixes: recipe.mixes,
            isBalanced: recipe.isBalanced, steps: steps, learningRate: recipe.learningRate,
            adamW: RoundCourse.AdamW(recipe.optimiser), replicas: replicas.replicas,
            isDivided: replicas.averaging == .fedAvg, clipExtent: clipExtent)
    }
}

extension TrainingRecipe {
    fileprivate init(_ course: RoundCourse, _ architecture: Architecture) {
        self.init(architecture: architecture, length: .steps(course.steps))
        (batch, shard, seed) = (course.batch, course.shard, course.seed)
        (mixes, isBalanced) = (course.mixes, course.isBalanced)
        learningRate = course.learningRate
        optimiser = Optimiser(course.adamW)
    }
}

extension RoundCourse.AdamW {
    /// Nil for plain gradient descent.
    fileprivate init?(_ optimiser: Optimiser) {
        guard case .adamW(let adamW) = optimiser else { return nil }
        self.init(
            firstDecay: adamW.firstDecay, secondDecay: adamW.secondDecay, epsilon: adamW.epsilon,
            weightDecay: adamW.weightDecay)
    }
}

extension Optimiser {
    fileprivate init(_ adamW: RoundCourse.AdamW?) {
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
