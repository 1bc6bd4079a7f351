/// One row; columns are numbered from 0.
///
/// Each accessor throws `.unexpectedValue` when the column has another type, and the ones without `optional` also when
/// it is NULL.
package struct Row {
    let rows: Rows
    let index: Int32

    /// Of `int2`, `int4`, `int8` and `oid`.
    package func optionalInt64(_ column: Int) throws(PostgreSQLError) -> Int64? {
        let types: Set = [TypeNumber.int2, TypeNumber.int4, TypeNumber.int8, TypeNumber.oid]
        return try rows.withValue(index, column, of: types, as: "an integer") { bytes, type in
            switch type {
            case TypeNumber.int2: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
            case TypeNumber.int4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
            case TypeNumber.oid: Int64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
            default: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            }
        }
    }

    /// Of `float4` and `float8`.
    package func optionalDouble(_ column: Int) throws(PostgreSQLError) -> Double? {
        let types: Set = [TypeNumber.float4, TypeNumber.float8]
        return try rows.withValue(index, column, of: types, as: "a floating-point number") { bytes, type in
            type == TypeNumber.float4
                ? Double(Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
                : Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
        }
    }

    /// Of `text`, `varchar`, `char(n)`, `name` and `json`.
    package func optionalText(_ column: Int) throws(PostgreSQLError) -> String? {
        let types: Set = [
            TypeNumber.text, TypeNumber.varchar, TypeNumber.bpchar, TypeNumber.name, TypeNumber.json,
            TypeNumber.unknown,
        ]
        return try rows.withValue(index, column, of: types, as: "text") { bytes, _ in
            String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Of `bytea`.
    package func optionalBytes(_ column: Int) throws(PostgreSQLError) -> [UInt8]? {
        try rows.withValue(index, column, of: [TypeNumber.bytea], as: "bytes") { bytes, _ in Array(bytes) }
    }

    package func optionalBool(_ column: Int) throws(PostgreSQLError) -> Bool? {
        try rows.withValue(index, column, of: [TypeNumber.bool], as: "a truth value") { bytes, _ in bytes[0] != 0 }
    }

    /// Of `timestamptz`, in microseconds since 1970-01-01T00:00:00Z.
    package func optionalTimestamp(_ column: Int) throws(PostgreSQLError) -> Int64? {
        try rows.withValue(index, column, of: [TypeNumber.timestamptz], as: "a time") { bytes, _ in
            Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)) &+ ParameterBuffer.serverEpoch
        }
    }

    /// Of `text[]`; a NULL element becomes an empty text.
    package func optionalTexts(_ column: Int) throws(PostgreSQLError) -> [String]? {
        try rows.withValue(index, column, of: [TypeNumber.textArray], as: "a list of texts") { bytes, _ in
            let number = { (offset: Int) in
                Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
            }
            guard number(0) > 0 else { return [] }
            var offset = 20
            return (0..<number(12)).map { _ in
                let length = max(0, number(offset))
                defer { offset += 4 + length }
                return String(decoding: bytes[(offset + 4)..<(offset + 4 + length)], as: UTF8.self)
            }
        }
    }

    package func int64(_ column: Int) throws(PostgreSQLError) -> Int64 {
        try present(optionalInt64(column), column)
    }

    package func int(_ column: Int) throws(PostgreSQLError) -> Int { Int(try int64(column)) }

    package func double(_ column: Int) throws(PostgreSQLError) -> Double {
        try present(optionalDouble(column), column)
    }

    package func text(_ column: Int) throws(PostgreSQLError) -> String { try present(optionalText(column), column) }

    package func bytes(_ column: Int) throws(PostgreSQLError) -> [UInt8] { try present(optionalBytes(column), column) }

    package func bool(_ column: Int) throws(PostgreSQLError) -> Bool { try present(optionalBool(column), column) }

    package func timestamp(_ column: Int) throws(PostgreSQLError) -> Int64 {
        try present(optionalTimestamp(column), column)
    }

    package func texts(_ column: Int) throws(PostgreSQLError) -> [String] {
        try present(optionalTexts(column), column)
    }

    private func present<Value>(_ value: Value?, _ column: Int) throws(PostgreSQLError) -> Value {
        guard let value else { throw rows.missing(column) }
        return value
    }
}
