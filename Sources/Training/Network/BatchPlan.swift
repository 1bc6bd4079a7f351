internal import Tensors

/// Which clips each step hears, and what is mixed into them: a function of the seed and the step's number.
///
/// Clips come in the order of a permutation per epoch; a batch that reaches beyond its end goes on in the next one. The
/// balanced order goes through the classes instead, and takes the next two clips of each.
struct BatchPlan {
    struct Entry: Hashable {
        /// Into the training clips.
        var clip: Int
        var partner: Int
        /// Of the clip itself; 1 where nothing is mixed in.
        var share: Float
        /// Where the crops of both begin, frames; 0 where the whole of them is heard.
        var start = 0
        var partnerStart = 0
    }

    /// Keeps the streams of one seed apart.
    private enum Stream: UInt64 { case clips = 1, classes, withinClass, mixture, crop }

    private let batch: Int
    private let seed: UInt64
    private let mixes: Bool
    private let clipCount: Int
    /// Frames by which a clip is longer than what the network hears of it.
    private let slack: Int
    /// Clips by class, for the balanced order alone.
    private let members: [[Int]]?

    /// - Parameter labels: the class of every training clip.
    init(_ recipe: TrainingRecipe, labels: [Int], slack: Int = 0) {
        precondition(!labels.isEmpty, "batches of no clips")
        self.slack = slack
        (batch, seed, mixes, clipCount) = (recipe.batch, recipe.seed, recipe.mixes, labels.count)
        members =
            recipe.isBalanced
            ? Dictionary(grouping: labels.indices, by: { labels[$0] }).sorted { $0.key < $1.key }.map(\.value) : nil
    }

    /// - Parameter step: 1 for the first.
    func batch(step: Int) -> [Entry] {
        let clips = members.map { balanced(step, $0) } ?? uniform(step)
        let starts = starts(step, clips.count)
        guard mixes else {
            return clips.indices.map { Entry(clip: clips[$0], partner: clips[$0], share: 1, start: starts[$0]) }
        }
        var random = CounterRandom(seed, Stream.mixture.rawValue, UInt64(step))
        // One draw per batch.
        let share = Float(random.nextArcsine())
        let partners = random.permutation(batch)
        return clips.indices.map { place in
            Entry(
                clip: clips[place], partner: clips[partners[place]], share: share, start: starts[place],
                partnerStart: starts[partners[place]])
        }
    }

    /// Where the crops of a step begin.
    func starts(_ step: Int, _ count: Int) -> [Int] {
        guard slack > 0 else { return Array(repeating: 0, count: count) }
        var random = CounterRandom(seed, Stream.crop.rawValue, UInt64(step))
        return (0..<count).map { _ in random.nextIndex(below: slack + 1) }
    }

    private func uniform(_ step: Int) -> [Int] {
        var order = RollingOrder(clipCount, seed: seed, stream: Stream.clips.rawValue)
        return ((step - 1) * batch..<step * batch).map { order[$0] }
    }

    private func balanced(_ step: Int, _ members: [[Int]]) -> [Int] {
        let pairs = (batch + 1) / 2
        var classes = RollingOrder(members.count, seed: seed, stream: Stream.classes.rawValue)
        let clips = ((step - 1) * pairs..<step * pairs).flatMap { position in
            let (index, visit) = (classes[position], position / members.count)
            var order = RollingOrder(
                members[index].count, seed: seed, stream: Stream.withinClass.rawValue + UInt64(index) << 8)
            return [members[index][order[2 * visit]], members[index][order[2 * visit + 1]]]
        }
        return Array(clips.prefix(batch))
    }
}

/// The numbers 0..<count again and again, each round in another order.
private struct RollingOrder {
    private let count: Int
    private let seed: UInt64
    private let stream: UInt64
    private var round = -1
    private var order: [Int] = []

    init(_ count: Int, seed: UInt64, stream: UInt64) {
        (self.count, self.seed, self.stream) = (count, seed, stream)
    }

    subscript(position: Int) -> Int {
        mutating get {
            if position / count != round {
                round = position / count
                var random = CounterRandom(seed, stream, UInt64(round))
                order = random.permutation(count)
            }
            return order[position % count]
        }
    }
}
