/// Where each named tensor of a network lies in a flat buffer.
///
/// All that is trained comes first, so that gradients and moments are shorter buffers with the same offsets; the running
/// statistics of the batch norms follow. Names and shapes are those of the published code.
package struct ParameterLayout: Sendable, Hashable {
    package struct Slice: Sendable, Hashable {
        package let name: String
        package let shape: [Int]
        package let offset: Int
        package let initialisation: Initialisation

        package var count: Int { shape.reduce(1, *) }
        package var range: Range<Int> { offset..<(offset + count) }
    }

    /// How a tensor is drawn at the start.
    package enum Initialisation: Sendable, Hashable {
        case constant(Float)
        /// Uniform between minus and plus the bound.
        case uniform(Float)
        /// Normal with that deviation.
        case normal(Float)
    }

    /// Trained slices, then statistics, each in the order of the network.
    package let slices: [Slice]
    package let trainedCount: Int
    package let count: Int
    /// The numbers of the running statistics, which lie behind the trained ones.
    package var statisticsCount: Int { count - trainedCount }
    private let indices: [String: Int]

    package init(_ architecture: Architecture) {
        precondition(architecture.complaint == nil, architecture.complaint ?? "")
        var list = ParameterList()
        list.addNetwork(architecture)
        var slices: [Slice] = []
        var offset = 0
        for (name, shape, initialisation) in list.trained + list.statistics {
            slices.append(Slice(name: name, shape: shape, offset: offset, initialisation: initialisation))
            offset += shape.reduce(1, *)
        }
        self.slices = slices
        trainedCount = list.trained.reduce(0) { $0 + $1.shape.reduce(1, *) }
        count = offset
        indices = Dictionary(uniqueKeysWithValues: slices.enumerated().map { ($1.name, $0) })
    }

    /// The slice of that name; the name must exist.
    package subscript(name: String) -> Slice {
        guard let index = indices[name] else { preconditionFailure("the network has no parameter \(name)") }
        return slices[index]
    }

    package var trained: [Slice] { slices.filter { $0.offset < trainedCount } }
    package var statistics: [Slice] { slices.filter { $0.offset >= trainedCount } }
}

/// Collects the parameters of a network in its order.
private struct ParameterList {
    typealias Entry = (name: String, shape: [Int], initialisation: ParameterLayout.Initialisation)
    var trained: [Entry] = []
    var statistics: [Entry] = []

    mutating func addNetwork(_ a: Architecture) {
        if a.channels.contains(.tgram) { addTgram(a) }
        if a.channels.contains(.tfgram) { addTFgram(a) }
        if a.channels.contains(.attention) {
            for name in ["attention.query.weight", "attention.key.weight"] {
                trained.append((name, [a.attentionSize, a.frames], .uniform(root(1, a.frames))))
            }
        }
        addMobileFaceNet(a)
        addLinear("head.head.0", a.embeddingSize, a.hiddenSize)
        addNorm("head.head.2", a.hiddenSize)
        addLinear("head.head.3", a.hiddenSize, a.embeddingSize)
        addNorm("head.head.5", a.embeddingSize)
        let centres = a.classes * a.subCentres
        trained.append(("arcface.weight", [centres, a.embeddingSize], .uniform(root(6, centres + a.embeddingSize))))
    }

    private mutating func addTgram(_ a: Architecture) {
        let n = a.melBands
        trained.append(("tgramnet.conv_extrctor.weight", [n, 1, a.tgramKernel], .uniform(root(1, a.tgramKernel))))
        for layer in 0..<3 {
            let name = "tgramnet.conv_encoder.\(layer)"
            trained.append((name + ".0.weight", [a.frames], .constant(1)))
            trained.append((name + ".0.bias", [a.frames], .constant(0)))
            trained.append((name + ".2.weight", [n, n, 3], .uniform(root(1, 3 * n))))
        }
    }

    private mutating func addTFgram(_ a: Architecture) {
        let widths = [a.tfgramChannels, a.tfgramChannels, a.melBands, a.melBands]
        addXavier("TFgramNet.pre_conv0.weight", [a.tfgramChannels, 1, 11])
        addNorm("TFgramNet.pre_bn0", a.tfgramChannels)
        for block in 1...3 {
            let name = "TFgramNet.pre_block\(block)"
            addXavier(name + ".conv1.weight", [widths[block], widths[block - 1], 3])
            addNorm(name + ".bn1", widths[block])
            addXavier(name + ".conv2.weight", [widths[block], widths[block], 3])
            addNorm(name + ".bn2", widths[block])
        }
    }

    private mutating func addMobileFaceNet(_ a: Architecture) {
        let name = "mobilefacenet"
        addUnit(
            name + ".conv1.conv", name + ".conv1.bn", [a.stemChannels, a.channels.count, 3, 3], name + ".conv1.prelu")
        addUnit(name + ".dw_conv1.conv", name + ".dw_conv1.bn", [a.stemChannels, 1, 3, 3], name + ".dw_conv1.prelu")
        var width = a.stemChannels
        var block = 0
        for stage in a.stages {
            for _ in 0..<stage.repeats {
                let layer = "\(name).blocks.\(block).conv"
                let inner = width * stage.expansion
                addUnit(layer + ".0", layer + ".1", [inner, width, 1, 1], layer + ".2")
                addUnit(layer + ".3", layer + ".4", [inner, 1, 3, 3], layer + ".5")
                addUnit(layer + ".6", layer + ".7", [stage.channels, inner, 1, 1], nil)
                width = stage.channels
                block += 1
            }
        }
        let last = a.lastPlane
        addUnit(name + ".conv2.conv", name + ".conv2.bn", [a.trunkChannels, width, 1, 1], name + ".conv2.prelu")
        addUnit(name + ".linear7.conv", name + ".linear7.bn", [a.trunkChannels, 1, last.rows, last.columns], nil)
        addUnit(name + ".linear1.conv", name + ".linear1.bn", [a.embeddingSize, a.trunkChannels, 1, 1], nil)
    }

    private mutating func addUnit(_ convolution: String, _ norm: String, _ shape: [Int], _ slope: String?) {
        let spread = root(2, shape[2] * shape[3] * shape[0])
        trained.append((convolution + ".weight", shape, .normal(spread)))
        addNorm(norm, shape[0])
        if let slope { trained.append((slope + ".weight", [shape[0]], .constant(0.25))) }
    }

    private mutating func addNorm(_ name: String, _ channels: Int) {
        trained.append((name + ".weight", [channels], .constant(1)))
        trained.append((name + ".bias", [channels], .constant(0)))
        statistics.append((name + ".running_mean", [channels], .constant(0)))
        statistics.append((name + ".running_var", [channels], .constant(1)))
    }

    private mutating func addLinear(_ name: String, _ inputs: Int, _ outputs: Int) {
        trained.append((name + ".weight", [outputs, inputs], .uniform(root(1, inputs))))
        trained.append((name + ".bias", [outputs], .uniform(root(1, inputs))))
    }

    private mutating func addXavier(_ name: String, _ shape: [Int]) {
        trained.append((name, shape, .uniform(root(6, shape[2] * (shape[0] + shape[1])))))
    }

    private func root(_ numerator: Int, _ denominator: Int) -> Float {
        (Float(numerator) / Float(denominator)).squareRoot()
    }
}
