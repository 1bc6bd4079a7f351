import Networks
import Tensors

/// The MobileFaceNet at rest to the vector before the head, in plain loops and in double: what the fused one must compute.
struct PlainMobileFaceNet {
    /// Rows, columns and channels, the channels last.
    private struct Image {
        var rows: Int
        var columns: Int
        var channels: Int
        var values: [Double]
    }

    let parameters: Parameters

    /// - Parameter logMel: [melBands][frames].
    func vector(logMel: [Float]) -> [Double] {
        let a = parameters.architecture
        var image = Image(rows: a.melBands, columns: a.frames, channels: 1, values: logMel.map { Double($0) })
        image = unit(image, "conv1", kernel: 3, stride: 2, outputs: a.stemChannels)
        image = unit(image, "dw_conv1", kernel: 3, stride: 1, outputs: nil)
        var block = 0
        for stage in a.stages {
            for index in 0..<stage.repeats {
                let name = "blocks.\(block).conv"
                let layers = (
                    weight: ["\(name).0", "\(name).3", "\(name).6"], norm: ["\(name).1", "\(name).4", "\(name).7"]
                )
                var next = convolved(
                    image, layers.weight[0], kernel: 1, stride: 1, outputs: image.channels * stage.expansion)
                next = rectified(normalised(next, layers.norm[0]), "\(name).2")
                next = convolved(next, layers.weight[1], kernel: 3, stride: index == 0 ? 2 : 1, outputs: nil)
                next = rectified(normalised(next, layers.norm[1]), "\(name).5")
                next = normalised(
                    convolved(next, layers.weight[2], kernel: 1, stride: 1, outputs: stage.channels), layers.norm[2])
                if index > 0 { for i in next.values.indices { next.values[i] += image.values[i] } }
                image = next
                block += 1
            }
        }
        image = unit(image, "conv2", kernel: 1, stride: 1, outputs: a.trunkChannels)
        let weights = values("linear7.conv.weight")
        let positions = image.rows * image.columns
        let sums = (0..<image.channels).map { c in
            (0..<positions).reduce(0) { $0 + weights[c * positions + $1] * image.values[$1 * image.channels + c] }
        }
        let feature = normalised(Image(rows: 1, columns: 1, channels: sums.count, values: sums), "linear7.bn")
        return normalised(
            convolved(feature, "linear1.conv", kernel: 1, stride: 1, outputs: a.embeddingSize), "linear1.bn"
        ).values
    }

    private func values(_ name: String) -> [Double] {
        let slice = parameters.layout["mobilefacenet." + name]
        return UnsafeBufferPointer(start: parameters.buffer.pointer + slice.offset, count: slice.count).map {
            Double($0)
        }
    }

    private func unit(_ image: Image, _ name: String, kernel: Int, stride: Int, outputs: Int?) -> Image {
        let y = convolved(image, "\(name).conv", kernel: kernel, stride: stride, outputs: outputs)
        return rectified(normalised(y, "\(name).bn"), "\(name).prelu")
    }

    /// - Parameter outputs: nil for a filter within each channel.
    private func convolved(_ image: Image, _ name: String, kernel: Int, stride: Int, outputs: Int?) -> Image {
        let weights = values(name + ".weight")
        let (channels, reach) = (outputs ?? image.channels, kernel / 2)
        var y = Image(
            rows: (image.rows - 1) / stride + 1, columns: (image.columns - 1) / stride + 1, channels: channels,
            values: [])
        for row in 0..<y.rows {
            for column in 0..<y.columns {
                for output in 0..<channels {
                    var sum = 0.0
                    for tap in 0..<kernel * kernel {
                        let (i, j) = (row * stride + tap / kernel - reach, column * stride + tap % kernel - reach)
                        guard (0..<image.rows).contains(i), (0..<image.columns).contains(j) else { continue }
                        let x = (i * image.columns + j) * image.channels
                        if outputs == nil {
                            sum += weights[output * kernel * kernel + tap] * image.values[x + output]
                            continue
                        }
                        for c in 0..<image.channels {
                            sum += weights[(output * image.channels + c) * kernel * kernel + tap] * image.values[x + c]
                        }
                    }
                    y.values.append(sum)
                }
            }
        }
        return y
    }

    private func normalised(_ image: Image, _ name: String) -> Image {
        let (gain, bias) = (values(name + ".weight"), values(name + ".bias"))
        let (mean, variance) = (values(name + ".running_mean"), values(name + ".running_var"))
        var result = image
        for index in image.values.indices {
            let c = index % image.channels
            result.values[index] =
                gain[c] * (image.values[index] - mean[c]) / (variance[c] + 1e-5).squareRoot() + bias[c]
        }
        return result
    }

    private func rectified(_ image: Image, _ name: String) -> Image {
        let slope = values(name + ".weight")
        var result = image
        for (index, z) in image.values.enumerated() where z < 0 {
            result.values[index] = slope[index % image.channels] * z
        }
        return result
    }
}
