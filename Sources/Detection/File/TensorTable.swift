internal import Networks
internal import Plant

/// The tensors of a model file by name, asked for with the shape they must have.
struct TensorTable {
    private let tensors: [String: Safetensors.Tensor]

    init(_ tensors: [Safetensors.Tensor]) {
        self.tensors = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func contains(_ name: String) -> Bool { tensors[name] != nil }

    /// The tensor of that name.
    ///
    /// - Parameter shape: nil for a side that may have any length.
    ///
    /// Throws `.damagedFile` where it is missing or has another shape.
    func tensor(_ name: String, _ shape: [Int?]) throws(ModelError) -> Safetensors.Tensor {
        guard let tensor = tensors[name] else {
            throw ModelError(.damagedFile, "the model lacks the tensor \(name); export it anew")
        }
        guard tensor.shape.count == shape.count, zip(tensor.shape, shape).allSatisfy({ $0 == $1 ?? $0 }) else {
            let expected = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
            throw ModelError(
                .damagedFile,
                "the tensor \(name) has the shape \(tensor.shape) and needs [\(expected)]; export it anew")
        }
        return tensor
    }

    func values(_ name: String, _ shape: [Int?]) throws(ModelError) -> [Float] { try tensor(name, shape).values }
}
