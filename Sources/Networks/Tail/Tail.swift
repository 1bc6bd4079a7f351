private import Glibc
package import Tensors

/// All that follows the global convolution, during training: over the whole batch at once, in milliseconds, in double
/// precision.
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
        /// Clips of earlier batches.
        package var memory: EmbeddingMemory?

        package init(
            labels: [Int], mixedLabels: [Int], shares: [Float], teacher: (logits: [Float], weight: Float)? = nil,
            memory: EmbeddingMemory? = nil
        ) {
            self.labels = labels
            self.mixedLabels = mixedLabels
            self.shares = shares
            self.teacher = teacher
            self.memory = memory
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
    private let featureNorm: TailNorm
    private let linear: DenseLayer
    private let linearNorm: TailNorm
    private let layers: [(dense: DenseLayer, norm: TailNorm)]
    private let centres: ParameterLayout.Slice

    package init(
        _ architecture: Architecture, clips: Int, arcFace: ArcFace = ArcFace(), contrastive: Contrastive = Contrastive()
    ) {
        let layout = ParameterLayout(architecture)
        self.architecture = architecture
        self.clips = clips
        self.arcFace = arcFace
        self.contrastive = contrastive
        featureNorm = TailNorm(layout, "mobilefacenet.linear7.bn")
        linear = DenseLayer(layout, weight: "mobilefacenet.linear1.conv.weight")
        linearNorm = TailNorm(layout, "mobilefacenet.linear1.bn")
        layers = [(0, 2), (3, 5)].map { dense, norm in
            (
                DenseLayer(layout, weight: "head.head.\(dense).weight", bias: "head.head.\(dense).bias"),
                TailNorm(layout, "head.head.\(norm)")
            )
        }
        centres = layout["arcface.weight"]
    }

    /// Forward, losses and backward for one batch.
    ///
    /// - Parameters:
    ///   - features: the backbone's outputs, [clips][trunkChannels].
    ///   - gradient: as long as the parameters; gradients are added, and batch moments written where the running ones lie.
    ///   - fixesNorms: the batch norms use the running statistics, which stand still.
    package func step(
        _ parameters: Parameters, features: [Float], targets: Targets, gradient: FloatBuffer, fixesNorms: Bool = false
    ) -> Outcome {
        let a = architecture
        precondition(features.count == clips * a.trunkChannels, "\(features.count) features for \(clips) clips")
        precondition(
            [targets.labels.count, targets.mixedLabels.count, targets.shares.count].allSatisfy { $0 == clips },
            "targets for another number of clips than \(clips)")

        let forth = forward(parameters, features: features, statistics: gradient, fixesNorms: fixesNorms)
        let (z, lengths) = (forth.embeddings, forth.lengths)

        // The losses, and back through the unit length.
        var outcome = Outcome()
        outcome.embeddings = z.floats
        var g = classify(parameters, z, targets, gradient: gradient, outcome: &outcome)
        let (loss, pull) = contrastive.loss(z, labels: targets.labels, memory: targets.memory)
        outcome.contrastive = loss
        g += pull
        g.projectRows(z, lengths: lengths)

        // Back.
        for (layer, kept) in zip(layers, forth.kept).reversed() {
            g = layer.norm.backward(parameters, g, kept.memory, gradient: gradient)
            for index in g.values.indices where kept.rectified.values[index] <= 0 { g.values[index] = 0 }
            g = layer.dense.backward(parameters, g, kept.input, gradient: gradient)
        }
        g = linearNorm.backward(parameters, g, forth.linearMemory, gradient: gradient)
        g = linear.backward(parameters, g, forth.normalInput, gradient: gradient)
        outcome.featureGradient = featureNorm.backward(parameters, g, forth.featureMemory, gradient: gradient).floats
        return outcome
    }

    /// The moments of a batch alone, as a recomputation of the running statistics needs them.
    package func observe(_ parameters: Parameters, features: [Float], statistics: FloatBuffer) {
        _ = forward(parameters, features: features, statistics: statistics, fixesNorms: false)
    }

    private struct Forth {
        let normalInput: Matrix
        let featureMemory: TailNorm.Memory
        let linearMemory: TailNorm.Memory
        var kept: [(input: Matrix, rectified: Matrix, memory: TailNorm.Memory)] = []
        /// Of unit length, and what they were divided by.
        var embeddings: Matrix
        var lengths: [Double] = []
    }

    private func forward(
        _ parameters: Parameters, features: [Float], statistics: FloatBuffer, fixesNorms: Bool
    ) -> Forth {
        let input = Matrix(rows: clips, columns: architecture.trunkChannels, features)
        let (normalInput, featureMemory) = featureNorm.forward(
            parameters, input, statistics: statistics, isFixed: fixesNorms)
        let (vector, linearMemory) = linearNorm.forward(
            parameters, linear.forward(parameters, normalInput), statistics: statistics, isFixed: fixesNorms)
        var forth = Forth(
            normalInput: normalInput, featureMemory: featureMemory, linearMemory: linearMemory, embeddings: vector)
        for layer in layers {
            var rectified = layer.dense.forward(parameters, forth.embeddings)
            for index in rectified.values.indices { rectified.values[index] = max(rectified.values[index], 0) }
            let (z, memory) = layer.norm.forward(
                parameters, rectified, statistics: statistics, isFixed: fixesNorms)
            forth.kept.append((forth.embeddings, rectified, memory))
            forth.embeddings = z
        }
        forth.lengths = forth.embeddings.normaliseRows()
        return forth
    }

    /// Cosines, margin and cross-entropy with mixed labels, and the distance to the teacher where there is one.
    ///
    /// Adds the gradient of the centres; returns that of the embeddings.
    private func classify(
        _ parameters: Parameters, _ z: Matrix, _ targets: Targets, gradient: FloatBuffer, outcome: inout Outcome
    ) -> Matrix {
        let (classes, count, scale) = (architecture.classes, architecture.subCentres, Double(arcFace.scale))
        var directions = Matrix(
            rows: classes * count, columns: architecture.embeddingSize,
            UnsafePointer(parameters.buffer.pointer + centres.offset))
        let lengths = directions.normaliseRows()
        let cosines = z.times(directions.transposed)
        // dL/d(cosine); zero at all centres of a class but the nearest.
        var slopes = Matrix(rows: clips, columns: classes * count)
        var right = 0
        for clip in 0..<clips {
            let nearest = (0..<classes).map { c in
                (c * count..<(c + 1) * count).reduce(c * count) { cosines[clip, $1] > cosines[clip, $0] ? $1 : $0 }
            }
            let own = nearest.map { cosines[clip, $0] }
            let (label, mixed, share) = (targets.labels[clip], targets.mixedLabels[clip], Double(targets.shares[clip]))
            let logits = arcFace.logits(own, label: label)
            let whole = Logits.logSumExp(logits)
            outcome.crossEntropy += (whole - share * logits[label] - (1 - share) * logits[mixed]) / Double(clips)
            outcome.logits += logits.map { Float($0) }
            right += own.indices.max { own[$0] < own[$1] } == label ? 1 : 0
            for c in 0..<classes {
                var slope = exp(logits[c] - whole) - (c == label ? share : 0) - (c == mixed ? 1 - share : 0)
                slope *= scale * (c == label ? arcFace.marginedSlope(own[c]) : 1) / Double(clips)
                if let teacher = targets.teacher {
                    let distance = scale * own[c] - Double(teacher.logits[clip * classes + c])
                    let weight = Double(teacher.weight) / Double(clips * classes)
                    outcome.consistency += weight * distance * distance
                    slope += 2 * weight * distance * scale
                }
                slopes[clip, nearest[c]] = slope
            }
        }
        outcome.accuracy = Double(right) / Double(clips)
        var directionGradients = slopes.transposed.times(z)
        directionGradients.projectRows(directions, lengths: lengths)
        directionGradients.add(to: gradient.pointer + centres.offset)
        return slopes.times(directions)
    }
}
