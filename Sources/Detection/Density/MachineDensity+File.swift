internal import Networks
internal import Plant

extension MachineDensity {
    static let tensorNames = ["mean", "scale", "whitening", "neighbours"]

    /// `TYPE/ID.mean`, `.scale` (dimension), `.whitening` (dimension, dimension), `.neighbours` (clips, dimension).
    func tensors(of machine: MachineName) -> [Safetensors.Tensor] {
        [
            Safetensors.Tensor(name: "\(machine).mean", shape: [dimension], values: mean),
            Safetensors.Tensor(name: "\(machine).scale", shape: [dimension], values: scale),
            Safetensors.Tensor(name: "\(machine).whitening", shape: [dimension, dimension], values: whitening),
            Safetensors.Tensor(
                name: "\(machine).neighbours", shape: [neighbours.count / dimension, dimension], values: neighbours),
        ]
    }

    /// Throws `.damagedFile`.
    init(of machine: MachineName, dimension: Int, in table: TensorTable) throws(ModelError) {
        let scale = try table.values("\(machine).scale", [dimension])
        guard scale.allSatisfy({ $0 > 0 }) else {
            throw ModelError(.damagedFile, "the tensor \(machine).scale holds a value that is not positive")
        }
        self.init(
            mean: try table.values("\(machine).mean", [dimension]), scale: scale,
            whitening: try table.values("\(machine).whitening", [dimension, dimension]),
            neighbours: try table.values("\(machine).neighbours", [nil, dimension]))
    }
}
