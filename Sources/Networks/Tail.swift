private import Glibc
package import Tensors

/// All that follows the global convolution, during training: over the whole batch at once, in milliseconds.
///
/// The contrastive loss compares every clip with every other, and the batch norms here see one value per clip, so this
/// part is never cut into shards.
package final class Tail {
    /// What the losses need to know of a batch; one entry per clip.
    package struct Targets: Sendable {
        /// The class that takes the margin and draws partners together.
        package var labels: [Int]
        /// The class of the clip that was mixed in.
        package var mixedLabels: [Int]
        /// How much of the clip itself is in the mixture, 0...1.
        package var shares: [Float]
        /// Scaled cosines of the averaged network, [clips][classes], and the weight of the distance to them.
        package var teacher: (logits: [Float], weight: Float)?

        package init(
            labels: [Int], mixedLabels: [Int], shares: [Float], teacher: (logits: [Float], weight: Float)? = nil
        ) {
            self.labels = labels
            self.mixedLabels = mixedLabels
            self.shares = shares
            self.teacher = teacher
        }
    }

    package struct Outcome: Sendable {
        package var crossEntropy = 0.0
        package var contrastive = 0.0
        package var consistency = 0.0
        /// The share of clips whose own class has the largest cosine.
        package var accuracy = 0.0
        /// Of unit length, [clips][embeddingSize].
        package var embeddings: [Float] = []
        /// With the margin at the label, [clips][classes].
        package var logits: [Float] = []
        /// dL/dfeatures, [clips][trunkChannels].
        package var featureGradient: [Float] = []

        package var loss: Double { crossEntropy + contrastive + consistency }
    }

    private let architecture: Architecture
    private let clips: Int
    private let arcFace: ArcFace
    private let contrastive: Contrastive
    private let featureNorm: BatchNorm
    private let linear: DenseLayer
    private let linearNorm: BatchNorm
    private let layers: [(dense: DenseLayer, norm: BatchNorm)]
    private let centres: ParameterLayout.Slice

    package init(
        _ architecture: Architecture, clips: Int, arcFace: ArcFace = ArcFace(), contrastive: Contrastive = Contrastive()
    ) {
        let layout = ParameterLayout(architecture)
        self.architecture = architecture
        self.clips = clips
        self.arcFace = arcFace
        self.contrastive = contrastive
        featureNorm = BatchNorm(layout, "mobilefacenet.linear7.bn")
        linear = DenseLayer(layout, weight: "mobilefacenet.linear1.conv.weight")
        linearNorm = BatchNorm(layout, "mobilefacenet.linear1.bn")
        layers = [(0, 2), (3, 5)].map { dense, norm in
            (
                DenseLayer(layout, weight: "head.head.\(dense).weight", bias: "head.head.\(dense).bias"),
                BatchNorm(layout, "head.head.\(norm)")
            )
        }
        centres = layout["arcface.weight"]
    }

    /// Forward, losses and backward for one batch.
    ///
    /// - Parameters:
    ///   - features: the backbone's outputs, [clips][trunkChannels].
    ///   - gradient: as long as the parameters; gradients are added, and batch moments written where the running ones lie.
    package func step(
        _ parameters: Parameters, features: [Float], targets: Targets, gradient: FloatBuffer
    ) -> Outcome {
        let a = architecture
        precondition(features.count == clips * a.trunkChannels, "\(features.count) features for \(clips) clips")
        precondition(
            [targets.labels.count, targets.mixedLabels.count, targets.shares.count].allSatisfy { $0 == clips },
            "targets for another number of clips than \(clips)")

        // Forth. Each norm keeps what it read: that is what its way back reads again.
        let input = FloatBuffer(features)
        let normalInput = normalise(featureNorm, input, parameters, gradient)
        let vector = FloatBuffer(count: clips * a.embeddingSize)
        linear.forward(parameters, normalInput, into: vector, rows: clips)
        var current = normalise(linearNorm, vector, parameters, gradient)
        var kept: [(input: FloatBuffer, rectified: FloatBuffer)] = []
        for (layer, width) in zip(layers, [a.hiddenSize, a.embeddingSize]) {
            let rectified = FloatBuffer(count: clips * width)
            layer.dense.forward(parameters, current, into: rectified, rows: clips)
            for index in 0..<rectified.count { rectified.pointer[index] = max(rectified.pointer[index], 0) }
            kept.append((current, rectified))
            current = normalise(layer.norm, rectified, parameters, gradient)
        }
        let lengths = (0..<clips).map {
            UnitLength.normalise(current.pointer + $0 * a.embeddingSize, count: a.embeddingSize)
        }

        // The losses, and back through the unit length.
        var outcome = Outcome()
        outcome.embeddings = current.values
        let back = FloatBuffer(count: current.count)
        classify(parameters, current, targets, into: back, gradient: gradient, outcome: &outcome)
        outcome.contrastive = contrastive.loss(
            current.pointer, size: a.embeddingSize, labels: targets.labels, gradient: back.pointer)
        for clip in 0..<clips {
            let (z, g) = (current.pointer + clip * a.embeddingSize, back.pointer + clip * a.embeddingSize)
            UnitLength.project(g, z, length: lengths[clip], count: a.embeddingSize)
        }

        // Back.
        var g = back
        for (layer, kept) in zip(layers, kept).reversed() {
            leave(layer.norm, g, kept.rectified, gradient)
            for index in 0..<g.count where kept.rectified.pointer[index] <= 0 { g.pointer[index] = 0 }
            let dx = FloatBuffer(count: kept.input.count)
            layer.dense.backward(g, kept.input, into: dx, rows: clips, gradient: gradient)
            g = dx
        }
        leave(linearNorm, g, vector, gradient)
        let dx = FloatBuffer(count: input.count)
        linear.backward(g, normalInput, into: dx, rows: clips, gradient: gradient)
        leave(featureNorm, dx, input, gradient)
        outcome.featureGradient = dx.values
        return outcome
    }

    private func normalise(
        _ norm: BatchNorm, _ y: FloatBuffer, _ parameters: Parameters, _ statistics: FloatBuffer
    ) -> FloatBuffer {
        let z = FloatBuffer(count: y.count)
        norm.begin(parameters)
        norm.observe(y.pointer, rows: clips)
        norm.finish(parameters, statistics: statistics)
        norm.activate(y.pointer, into: z.pointer, rows: clips)
        return z
    }

    /// Turns dL/dz into dL/dy, in place.
    private func leave(_ norm: BatchNorm, _ g: FloatBuffer, _ y: FloatBuffer, _ gradient: FloatBuffer) {
        norm.beginGradient()
        norm.receive(g.pointer, y.pointer, rows: clips)
        norm.finishGradient(gradient)
        norm.combine(g.pointer, y.pointer, into: g.pointer, rows: clips)
    }

    /// Cosines, margin and cross-entropy with mixed labels; adds to the gradients of embeddings and centres.
    private func classify(
        _ parameters: Parameters, _ z: FloatBuffer, _ targets: Targets, into back: FloatBuffer, gradient: FloatBuffer,
        outcome: inout Outcome
    ) {
        let (size, classes, count) = (architecture.embeddingSize, architecture.classes, architecture.subCentres)
        let directions = FloatBuffer(count: centres.count)
        directions.pointer.update(from: parameters.buffer.pointer + centres.offset, count: centres.count)
        let lengths = (0..<classes * count).map { UnitLength.normalise(directions.pointer + $0 * size, count: size) }
        let directionGradients = FloatBuffer(count: centres.count)
        var right = 0
        for clip in 0..<clips {
            let embedding = z.pointer + clip * size
            var nearest = [Int](repeating: 0, count: classes)
            let cosines = (0..<classes).map { c -> Float in
                var best: Float = -.infinity
                for centre in c * count..<(c + 1) * count {
                    var dot: Float = 0
                    for k in 0..<size { dot += embedding[k] * directions.pointer[centre * size + k] }
                    if dot > best { (best, nearest[c]) = (dot, centre) }
                }
                return best
            }
            let (label, mixed, share) = (targets.labels[clip], targets.mixedLabels[clip], targets.shares[clip])
            let logits = arcFace.logits(cosines, label: label)
            let whole = Logits.logSumExp(logits)
            outcome.crossEntropy +=
                Double(whole - share * logits[label] - (1 - share) * logits[mixed]) / Double(clips)
            outcome.logits += logits
            right += cosines.indices.max { cosines[$0] < cosines[$1] } == label ? 1 : 0
            for c in 0..<classes {
                var slope = expf(logits[c] - whole) - (c == label ? share : 0) - (c == mixed ? 1 - share : 0)
                slope *= arcFace.scale * (c == label ? arcFace.marginedSlope(cosines[c]) : 1) / Float(clips)
                if let teacher = targets.teacher {
                    let distance = arcFace.scale * cosines[c] - teacher.logits[clip * classes + c]
                    let weight = teacher.weight / Float(clips * classes)
                    outcome.consistency += Double(weight * distance * distance)
                    slope += 2 * weight * distance * arcFace.scale
                }
                let (direction, g) = (directions.pointer + nearest[c] * size, back.pointer + clip * size)
                let dw = directionGradients.pointer + nearest[c] * size
                for k in 0..<size {
                    g[k] += slope * direction[k]
                    dw[k] += slope * embedding[k]
                }
            }
        }
        outcome.accuracy = Double(right) / Double(clips)
        for centre in 0..<classes * count {
            let g = directionGradients.pointer + centre * size
            UnitLength.project(g, directions.pointer + centre * size, length: lengths[centre], count: size)
            let target = gradient.pointer + centres.offset + centre * size
            for k in 0..<size { target[k] += g[k] }
        }
    }
}

extension UnitLength {
    /// The way back through `normalise`, in place: (g − z·(z·g)) / length.
    static func project(_ g: UnsafeMutablePointer<Float>, _ z: UnsafePointer<Float>, length: Float, count: Int) {
        var along: Float = 0
        for index in 0..<count { along += z[index] * g[index] }
        for index in 0..<count { g[index] = (g[index] - z[index] * along) / length }
    }
}
