package import FoundationEssentials
internal import SwiftProtobuf

// The generated messages hold bytes as `Data`. Here, beside them, is the one place in this room that knows it.

extension Data {
    /// The bytes for a field of a message.
    package init(wire bytes: [UInt8]) { self.init(bytes) }

    /// Numbers in bulk: float32, little-endian.
    package init(wire numbers: [Float]) {
        self = numbers.withUnsafeBytes { Data($0) }
    }
}

/// The numbers in a field; errors call them by what they are.
func numbers(_ bytes: Data, of subject: String) throws(WireError) -> [Float] {
    let size = MemoryLayout<Float>.size
    guard bytes.count % size == 0 else {
        throw WireError(.badBody, "\(bytes.count) bytes of \(subject) are no whole number of float32")
    }
    return [Float](unsafeUninitializedCapacity: bytes.count / size) { numbers, filled in
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(numbers).copyMemory(from: $0) }
        filled = numbers.count
    }
}

/// A visitor that wants to know how many bytes there are in a field, not which.
protocol SizeVisitor: Visitor {
    mutating func visit(byteCount: Int, fieldNumber: Int) throws
}

extension SizeVisitor {
    mutating func visitSingularBytesField(value: Data, fieldNumber: Int) throws {
        try visit(byteCount: value.count, fieldNumber: fieldNumber)
    }

    mutating func visitUnknown(bytes: Data) {}
}
