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
        if bytes.count == 8 || bytes[8] != UInt8(ascii: "{"), let foreigner = Self.foreignSentence(bytes) {
            throw failure(.malformedHeader, foreigner)
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

    /// What a file is instead, by its first bytes.
    private static func foreignSentence(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: "version https://git-lfs".utf8) {
            return "it is a Git LFS pointer in place of the file; fetch the file with 'git lfs pull'"
        }
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            return "a byte-order mark stands before it, so it was saved as text; fetch or export it again"
        }
        if bytes.starts(with: "PK\u{3}\u{4}".utf8) || bytes.starts(with: [0x80, 0x02]) {
            return "it is a PyTorch checkpoint; convert it with safetensors.torch.save_file"
        }
        if bytes.starts(with: "GGUF".utf8) || bytes.starts(with: [0x89] + "HDF".utf8) {
            return "it is a model in another format; convert it to safetensors"
        }
        guard let first = bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { return nil }
        return first == UInt8(ascii: "<") && bytes[7] != 0
            ? "it is a web page, perhaps what a server answered in place of the file; fetch it again" : nil
    }

    /// Bytes per element.
    private static func width(of entry: SafetensorsHeader.Entry, _ file: String) throws(SafetensorsError) -> Int {
        switch entry.typeName {
        case "BOOL", "U8", "I8": return 1
        case "F16", "BF16", "U16", "I16": return 2
        case "F32", "U32", "I32": return 4
        case "F64", "I64": return 8
        default:
            throw SafetensorsError(
                code: .unsupportedType, file: file,
                reason: "\(entry.name) has the type \(entry.typeName); convert it to F32, F64 or I64")
        }
    }

    /// The numbers of a tensor; those of narrow types are widened, which keeps their values.
    private static func elements(_ typeName: String, _ count: Int, in bytes: ArraySlice<UInt8>) -> Tensor.Elements {
        bytes.withUnsafeBytes { raw in
            func words<Word: FixedWidthInteger, Element>(_ type: Word.Type, _ convert: (Word) -> Element) -> [Element] {
                (0..<count).map { convert(Word(littleEndian: load(raw, $0))) }
            }
            return switch typeName {
            case "F64": .double(words(UInt64.self) { Double(bitPattern: $0) })
            case "F32": .float(words(UInt32.self) { Float(bitPattern: $0) })
            case "F16": .float(words(UInt16.self, widened))
            case "BF16": .float(words(UInt16.self) { Float(bitPattern: UInt32($0) << 16) })
            case "I32": .integer(words(Int32.self) { Int64($0) })
            case "U32": .integer(words(UInt32.self) { Int64($0) })
            case "I16": .integer(words(Int16.self) { Int64($0) })
            case "U16": .integer(words(UInt16.self) { Int64($0) })
            case "I8": .integer(words(Int8.self) { Int64($0) })
            case "BOOL", "U8": .integer(words(UInt8.self) { Int64($0) })
            default: .integer(words(Int64.self) { $0 })
            }
        }
    }

    /// The value of a number of 16 bits, five of them exponent.
    private static func widened(_ half: UInt16) -> Float {
        let magnitude = Float(bitPattern: UInt32(half & 0x7fff) << 13) * 0x1p112
        let value = half & 0x7c00 == 0x7c00 ? Float.infinity : magnitude
        return half & 0x8000 == 0 ? value : -value
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
