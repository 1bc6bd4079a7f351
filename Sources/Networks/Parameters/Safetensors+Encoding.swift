extension Safetensors {
    /// The file's bytes; equal values give equal bytes.
    ///
    /// The header is padded with spaces to a multiple of eight, so that the numbers lie aligned in a mapped file.
    package func encoded() -> [UInt8] {
        precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors share a name")
        var header = encodedHeader()
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        let numberBytes = tensors.reduce(0) { $0 + $1.elements.byteCount }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + numberBytes)
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: header)
        for tensor in tensors {
            switch tensor.elements {
            case .float(let values): Self.append(values.map { $0.bitPattern.littleEndian }, to: &bytes)
            case .double(let values): Self.append(values.map { $0.bitPattern.littleEndian }, to: &bytes)
            case .integer(let values): Self.append(values.map { $0.littleEndian }, to: &bytes)
            }
        }
        return bytes
    }

    private static func append<Word: FixedWidthInteger>(_ words: [Word], to bytes: inout [UInt8]) {
        words.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    private func encodedHeader() -> [UInt8] {
        var entries: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }
            entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.elements.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            entries.append(
                "\(Self.quoted(tensor.name)):{\"dtype\":\"\(tensor.elements.typeName)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        return Array("{\(entries.joined(separator: ","))}".utf8)
    }

    /// The text as a JSON string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
