/// The parameters of one statement in the server's binary format, back to back in one buffer.
///
/// Numbers are big-endian; a timestamp counts microseconds from 2000-01-01. An array is its number of dimensions,
/// a flag, the element's type, length and lower bound, then each element behind its byte count, -1 for NULL.
/// Source: `array_send` and its like in the server's `src/backend/utils/adt`.
struct ParameterBuffer {
    /// 2000-01-01T00:00:00Z in microseconds since 1970.
    static let serverEpoch: Int64 = 946_684_800_000_000

    private(set) var bytes: [UInt8] = []
    /// Where each parameter begins, nil for NULL.
    private(set) var offsets: [Int?] = []
    /// Bytes of each parameter.
    private(set) var lengths: [Int32] = []

    init(_ parameters: [Parameter]) {
        bytes.reserveCapacity(4096)
        for parameter in parameters {
            let start = bytes.count
            let isPresent = append(parameter)
            offsets.append(isPresent ? start : nil)
            lengths.append(Int32(bytes.count - start))
        }
        // A pointer to a value of no bytes still has to point somewhere.
        bytes.append(0)
    }

    private mutating func append(_ parameter: Parameter) -> Bool {
        switch parameter {
        case .int64(let value): appendOne(value) { $0.append($1) }
        case .double(let value): appendOne(value) { $0.append($1.bitPattern) }
        case .text(let value): appendOne(value) { $0.bytes.append(contentsOf: $1.utf8) }
        case .bytes(let value): appendOne(value) { $0.bytes.append(contentsOf: $1) }
        case .bool(let value): appendOne(value) { $0.bytes.append($1 ? 1 : 0) }
        case .timestamp(let value): appendOne(value) { $0.append($1 &- Self.serverEpoch) }
        case .int64s(let values): appendArray(values, of: TypeNumber.int8) { $0.append($1) }
        case .doubles(let values): appendArray(values, of: TypeNumber.float8) { $0.append($1.bitPattern) }
        case .texts(let values): appendArray(values, of: TypeNumber.text) { $0.bytes.append(contentsOf: $1.utf8) }
        case .byteStrings(let values): appendArray(values, of: TypeNumber.bytea) { $0.bytes.append(contentsOf: $1) }
        case .bools(let values): appendArray(values, of: TypeNumber.bool) { $0.bytes.append($1 ? 1 : 0) }
        case .timestamps(let values):
            appendArray(values, of: TypeNumber.timestamptz) { $0.append($1 &- Self.serverEpoch) }
        }
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func appendOne<Value>(_ value: Value?, _ write: (inout Self, Value) -> Void) -> Bool {
        guard let value else { return false }
        write(&self, value)
        return true
    }

    private mutating func appendArray<Value>(
        _ values: [Value?], of type: UInt32, _ write: (inout Self, Value) -> Void
    ) -> Bool {
        append(Int32(values.isEmpty ? 0 : 1))
        append(Int32(values.contains { $0 == nil } ? 1 : 0))
        append(type)
        guard !values.isEmpty else { return true }
        append(Int32(values.count))
        append(Int32(1))
        for value in values {
            guard let value else {
                append(Int32(-1))
                continue
            }
            let start = bytes.count
            append(Int32(0))
            write(&self, value)
            let length = UInt32(bytes.count - start - 4)
            for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place)) }
        }
        return true
    }
}
