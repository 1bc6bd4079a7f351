extension Safetensors {
    /// The longest header the format allows.
    package static let headerByteLimit = 100_000_000

    /// Reads a file's bytes, refusing whatever is damaged, hostile or not a finite number.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what errors call the file.
    package init(decoding bytes: [UInt8], name: String) throws(SafetensorsError) {
        func failure(_ code: SafetensorsError.Code, _ reason: String) -> SafetensorsError {
            SafetensorsError(code: code, file: name, reason: reason)
        }
        guard bytes.count >= 8 else {
            throw failure(.truncated, "it has \(bytes.count) bytes, not even a header length")
        }
        let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(Self.headerByteLimit) else {
            throw failure(.headerTooLarge, "its header claims \(length) bytes, more than \(Self.headerByteLimit)")
        }
        let start = 8 + Int(length)
        guard start <= bytes.count else {
            throw failure(.truncated, "its header claims \(length) bytes but only \(bytes.count - 8) follow")
        }
        let header = try SafetensorsHeader(decoding: bytes[8..<start], file: name)
        metadata = header.metadata
        tensors = []
        var expected = 0
        for entry in header.entries.sorted(by: { $0.offsets.lexicographicallyPrecedes($1.offsets) }) {
            let width = try Self.width(of: entry, name)
            let (count, overflow) = entry.shape.reduce((1, false)) { product, side in
                let (value, overflow) = product.0.multipliedReportingOverflow(by: side)
                return (value, product.1 || overflow)
            }
            guard !overflow, count <= bytes.count / width else {
                throw failure(.badShape, "\(entry.name) has the shape \(entry.shape), more than the file can hold")
            }
            guard entry.offsets.count == 2, entry.offsets[0] == expected else {
                throw failure(
                    .badOffsets,
                    "\(entry.name) lies at \(entry.offsets), where byte \(expected) had to follow: "
                        + "tensors must neither overlap nor leave gaps")
            }
            guard entry.offsets[1] == expected + count * width else {
                throw failure(.badOffsets, "\(entry.name) of shape \(entry.shape) does not fill \(entry.offsets)")
            }
            expected = entry.offsets[1]
            guard expected <= bytes.count - start else {
                throw failure(.truncated, "\(entry.name) ends at byte \(expected) of \(bytes.count - start)")
            }
            let elements = Self.elements(
                entry.typeName, count, in: bytes[(start + entry.offsets[0])..<(start + expected)])
            guard elements.isFinite else {
                throw failure(
                    .notFinite, "\(entry.name) holds a value that is not a finite number; train or export it anew")
            }
            tensors.append(Tensor(name: entry.name, shape: entry.shape, elements: elements))
        }
        guard start + expected == bytes.count else {
            throw failure(.badOffsets, "\(bytes.count - start - expected) bytes belong to no tensor")
        }
    }

    /// Bytes per element.
    private static func width(of entry: SafetensorsHeader.Entry, _ file: String) throws(SafetensorsError) -> Int {
        switch entry.typeName {
        case "F32": return 4
        case "F64", "I64": return 8
        default:
            throw SafetensorsError(
                code: .unsupportedType, file: file,
                reason: "\(entry.name) has the type \(entry.typeName); convert it to F32, F64 or I64")
        }
    }

    private static func elements(_ typeName: String, _ count: Int, in bytes: ArraySlice<UInt8>) -> Tensor.Elements {
        bytes.withUnsafeBytes { raw in
            switch typeName {
            case "F32":
                .float((0..<count).map { Float(bitPattern: UInt32(littleEndian: load(raw, $0))) })
            case "F64":
                .double((0..<count).map { Double(bitPattern: UInt64(littleEndian: load(raw, $0))) })
            default:
                .integer((0..<count).map { Int64(littleEndian: load(raw, $0)) })
            }
        }
    }

    private static func load<Word: FixedWidthInteger>(_ raw: UnsafeRawBufferPointer, _ index: Int) -> Word {
        raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self)
    }
}

extension Safetensors.Tensor.Elements {
    fileprivate var isFinite: Bool {
        switch self {
        case .float(let values): values.allSatisfy(\.isFinite)
        case .double(let values): values.allSatisfy(\.isFinite)
        case .integer: true
        }
    }
}
