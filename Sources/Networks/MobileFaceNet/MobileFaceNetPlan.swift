/// A convolution, its batch norm and, except after a bottleneck's last, its PReLU.
struct ConvolutionUnit: Sendable {
    enum Kind: Sendable, Hashable {
        /// 3×3 over all channels, stride 2.
        case stem
        /// 3×3 within each channel.
        case depthwise(stride: Int)
        /// 1×1 over all channels.
        case pointwise
    }

    let kind: Kind
    let weight: String
    let norm: String
    let slope: String?
    let input: Plane
    let output: Plane

    var stride: Int {
        switch kind {
        case .stem: 2
        case .pointwise: 1
        case .depthwise(let stride): stride
        }
    }
}

/// Expand, filter within each channel, project; the input is added where the shape stays.
struct Bottleneck: Sendable {
    let expand: ConvolutionUnit
    let filter: ConvolutionUnit
    let project: ConvolutionUnit

    var stride: Int { filter.stride }

    var connects: Bool { stride == 1 && expand.input == project.output }
}

/// The MobileFaceNet up to its last image, as a list of units.
struct MobileFaceNetPlan: Sendable {
    let stem: ConvolutionUnit
    let filter: ConvolutionUnit
    let bottlenecks: [Bottleneck]
    let trunk: ConvolutionUnit

    init(_ a: Architecture) {
        let name = "mobilefacenet"
        let image = Plane(rows: a.melBands, columns: a.frames, channels: a.channels.count)
        var plane = image.convolved(stride: 2, channels: a.stemChannels)
        stem = ConvolutionUnit(
            kind: .stem, weight: name + ".conv1.conv.weight", norm: name + ".conv1.bn",
            slope: name + ".conv1.prelu.weight", input: image, output: plane)
        filter = ConvolutionUnit(
            kind: .depthwise(stride: 1), weight: name + ".dw_conv1.conv.weight", norm: name + ".dw_conv1.bn",
            slope: name + ".dw_conv1.prelu.weight", input: plane, output: plane)
        var bottlenecks: [Bottleneck] = []
        for stage in a.stages {
            for index in 0..<stage.repeats {
                let layer = "\(name).blocks.\(bottlenecks.count).conv"
                let stride = index == 0 ? 2 : 1
                let wide = plane.convolved(stride: 1, channels: plane.channels * stage.expansion)
                let small = wide.convolved(stride: stride, channels: wide.channels)
                let narrow = small.convolved(stride: 1, channels: stage.channels)
                bottlenecks.append(
                    Bottleneck(
                        expand: ConvolutionUnit(
                            kind: .pointwise, weight: layer + ".0.weight", norm: layer + ".1",
                            slope: layer + ".2.weight", input: plane, output: wide),
                        filter: ConvolutionUnit(
                            kind: .depthwise(stride: stride), weight: layer + ".3.weight", norm: layer + ".4",
                            slope: layer + ".5.weight", input: wide, output: small),
                        project: ConvolutionUnit(
                            kind: .pointwise, weight: layer + ".6.weight", norm: layer + ".7", slope: nil,
                            input: small, output: narrow)))
                plane = narrow
            }
        }
        self.bottlenecks = bottlenecks
        trunk = ConvolutionUnit(
            kind: .pointwise, weight: name + ".conv2.conv.weight", norm: name + ".conv2.bn",
            slope: name + ".conv2.prelu.weight", input: plane,
            output: plane.convolved(stride: 1, channels: a.trunkChannels))
    }
}
