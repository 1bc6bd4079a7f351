package import Tensors

extension ReplicaRecipe {
    /// How much each replica counts; the shares add up to 1.
    ///
    /// - Parameter clips: that are trained on.
    package func shares(clips: Int) -> [Double] {
        guard averaging == .fedAvg else { return (0..<replicas).map { _ in 1 / Double(replicas) } }
        return (0..<replicas).map { Double(ownClips($0, of: clips).count) / Double(clips) }
    }

    /// The clips of a replica where each keeps to its own: every so-manieth.
    func ownClips(_ replica: Int, of clips: Int) -> [Int] { Array(stride(from: replica, to: clips, by: replicas)) }

    /// Σ share·weights, in the order of the replicas and in double precision.
    package static func mean(_ weights: [FloatBuffer], shares: [Double]) -> FloatBuffer {
        precondition(weights.count == shares.count && !weights.isEmpty, "\(shares.count) shares of \(weights.count)")
        let mean = FloatBuffer(count: weights[0].count)
        for index in 0..<mean.count {
            var sum = 0.0
            for (buffer, share) in zip(weights, shares) { sum += share * Double(buffer.pointer[index]) }
            mean.pointer[index] = Float(sum)
        }
        return mean
    }
}

extension ReplicaRecipe.Averaging {
    /// Where the weights go when the replicas' mean is known.
    ///
    /// With d = w − mean: v ← momentum·v + d; w ← w − rate·(d + momentum·v), as PyTorch's SGD with `nesterov`. The running
    /// statistics behind the trained numbers, and all numbers without momentum, become their mean.
    ///
    /// - Parameter velocity: v, as many as are trained.
    package func target(from weights: FloatBuffer, mean: FloatBuffer, velocity: FloatBuffer) -> FloatBuffer {
        let target = FloatBuffer(count: weights.count)
        target.copy(from: mean)
        guard case .nesterov(let rate, let momentum) = self else { return target }
        let (w, m, v) = (weights.pointer, mean.pointer, velocity.pointer)
        for index in 0..<velocity.count {
            let distance = w[index] - m[index]
            v[index] = momentum * v[index] + distance
            target.pointer[index] = w[index] - rate * (distance + momentum * v[index])
        }
        return target
    }
}
