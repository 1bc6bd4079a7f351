/// The order of a training's steps: one by one, or some of them in rounds of replicas.
///
///     synchronous steps → rounds, the last of which with norms that stand still → synchronous steps
struct TrainingSchedule {
    /// Steps that replicas take apart from each other.
    struct Round: Hashable {
        /// 0 for the first.
        var number: Int
        /// Steps of the training before it.
        var start: Int
        var steps: Int
        /// Replicas begin with nothing but the weights.
        var isFresh: Bool
        /// The next round, if there is one, begins afresh.
        var endsSpan: Bool
        var fixesNorms: Bool

        var end: Int { start + steps }
    }

    /// What the training does next.
    enum Unit: Hashable {
        /// 1 for the first.
        case step(Int)
        case round(Round)

        var end: Int {
            switch self {
            case .step(let step): step
            case .round(let round): round.end
            }
        }
    }

    let steps: Int
    private let recipe: ReplicaRecipe?
    /// The steps that are taken in rounds.
    private let apart: Range<Int>

    /// - Parameter replicas: nil where every step is synchronous.
    init(steps: Int, replicas: ReplicaRecipe?) {
        (self.steps, recipe) = (steps, replicas)
        guard let replicas else {
            apart = 0..<0
            return
        }
        let start = min(replicas.warmUpSteps ?? steps / 20, steps)
        apart = start..<max(start, steps - (replicas.finishSteps ?? steps / 20))
    }

    /// Nil where the training is over.
    func unit(after step: Int) -> Unit? {
        guard step < steps else { return nil }
        guard let recipe, apart.contains(step) else { return .step(step + 1) }
        return .round(round((step - apart.lowerBound) / recipe.roundSteps, recipe))
    }

    /// Steps before the unit that ends with this one.
    func start(ofUnitEndingAt step: Int) -> Int {
        guard let recipe, apart.contains(step - 1) else { return step - 1 }
        return round((step - 1 - apart.lowerBound) / recipe.roundSteps, recipe).start
    }

    /// The rounds from the one that began afresh to this one.
    func span(upTo last: Round) -> [Round] {
        guard let recipe else { return [] }
        return (last.number / recipe.span * recipe.span...last.number).map { round($0, recipe) }
    }

    /// Whether the changes of a round, up to the coordinator and down again, travel in eight bits.
    func isCompressed(_ round: Round) -> Bool { recipe?.isCompressed == true && !round.endsSpan }

    private func round(_ number: Int, _ recipe: ReplicaRecipe) -> Round {
        let start = apart.lowerBound + number * recipe.roundSteps
        let count = (apart.count + recipe.roundSteps - 1) / recipe.roundSteps
        return Round(
            number: number, start: start, steps: min(recipe.roundSteps, apart.upperBound - start),
            isFresh: number % recipe.span == 0, endsSpan: (number + 1) % recipe.span == 0 || number + 1 == count,
            fixesNorms: Double(number) >= (1 - recipe.fixedNormShare) * Double(count))
    }
}
