/// Named tensors and text metadata in one file: eight bytes of header length, a JSON header, then the raw numbers.
///
/// The same content always encodes to the same bytes, so a file's hash names its content: metadata are sorted by key,
/// tensors keep the order in which they are listed here. A tensor is float32, float64 or int64, to which narrower types of other
/// programs are widened; every number is finite.
///
/// Source: the safetensors format, version 0.
package struct Safetensors: Sendable, Equatable {
    package struct Tensor: Sendable, Equatable {
        package enum Elements: Sendable, Equatable {
            case float([Float])
            case double([Double])
            case integer([Int64])
        }

        package var name: String
        package var shape: [Int]
        package var elements: Elements

        package init(name: String, shape: [Int], elements: Elements) {
            self.name = name
            self.shape = shape
            self.elements = elements
            precondition(
                shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == elements.count,
                "\(name): shape \(shape) does not hold \(elements.count) elements")
        }

        package init(name: String, shape: [Int], values: [Float]) {
            self.init(name: name, shape: shape, elements: .float(values))
        }

        package init(name: String, shape: [Int], doubles: [Double]) {
            self.init(name: name, shape: shape, elements: .double(doubles))
        }

        /// The elements as float32, rounded where they are stored wider.
        package var values: [Float] {
            switch elements {
            case .float(let values): values
            case .double(let values): values.map { Float($0) }
            case .integer(let values): values.map { Float($0) }
            }
        }

        /// The elements as float64.
        package var doubles: [Double] {
            switch elements {
            case .float(let values): values.map { Double($0) }
            case .double(let values): values
            case .integer(let values): values.map { Double($0) }
            }
        }
    }

    /// In the order of their bytes in the file.
    package var tensors: [Tensor]
    package var metadata: [String: String]

    package init(tensors: [Tensor] = [], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    /// The tensor of that name, nil when there is none.
    package subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }
}

extension Safetensors.Tensor.Elements {
    package var count: Int {
        switch self {
        case .float(let values): values.count
        case .double(let values): values.count
        case .integer(let values): values.count
        }
    }

    /// The format's name of the element type.
    var typeName: String {
        switch self {
        case .float: "F32"
        case .double: "F64"
        case .integer: "I64"
        }
    }

    var byteCount: Int {
        if case .float = self { return count * 4 }
        return count * 8
    }
}
