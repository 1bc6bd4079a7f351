/// The sizes of TFgram: a first convolution with kernel 11 and stride 5, then three blocks of two convolutions and a pool.
struct TFgramShape {
    static let kernel = 11
    static let stride = 5
    static let padding = 5

    struct Block {
        let name: String
        let inputs: Int
        let outputs: Int
        /// Time steps before and after the pool.
        let steps: Int
        let pooledSteps: Int
        /// True where the pool takes exactly four steps and drops what is left over.
        let poolsByFour: Bool

        /// The steps that pool into bin `index`.
        ///
        /// The bins of an adaptive pool overlap where the steps do not divide.
        func bin(_ index: Int) -> Range<Int> {
            if poolsByFour { return 4 * index..<4 * index + 4 }
            return index * steps / pooledSteps..<((index + 1) * steps + pooledSteps - 1) / pooledSteps
        }
    }

    let firstSteps: Int
    let firstChannels: Int
    let blocks: [Block]

    init(_ a: Architecture) {
        firstSteps = a.tfgramFirstSteps
        firstChannels = a.tfgramChannels
        let widths = [a.tfgramChannels, a.tfgramChannels, a.melBands, a.melBands]
        let steps = [a.tfgramFirstSteps, a.tfgramPooledSteps, a.tfgramSteps, a.frames]
        blocks = (0..<3).map {
            Block(
                name: "TFgramNet.pre_block\($0 + 1)", inputs: widths[$0], outputs: widths[$0 + 1], steps: steps[$0],
                pooledSteps: steps[$0 + 1], poolsByFour: $0 == 0)
        }
    }

    var widest: Int { max(firstChannels, blocks[2].outputs) }
}
