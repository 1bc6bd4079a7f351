/// One value of a statement, `$1`, `$2` and so on. A nil is SQL's NULL of that type.
///
/// The arrays exist for batches: `INSERT ... SELECT ... FROM unnest($1, $2)` writes any number of rows in one round trip.
package enum Parameter: Hashable, Sendable {
    case int64(Int64?)
    case double(Double?)
    case text(String?)
    case bytes([UInt8]?)
    case bool(Bool?)
    /// `timestamptz`, in microseconds since 1970-01-01T00:00:00Z.
    case timestamp(Int64?)
    case int64s([Int64?])
    case doubles([Double?])
    case texts([String?])
    case byteStrings([[UInt8]?])
    case bools([Bool?])
    /// `timestamptz[]`, in microseconds since 1970-01-01T00:00:00Z.
    case timestamps([Int64?])

    package static func int(_ value: Int?) -> Parameter { .int64(value.map(Int64.init)) }
    package static func ints(_ values: [Int]) -> Parameter { .int64s(values.map(Int64.init)) }

    /// The server's number of the type.
    var type: UInt32 {
        switch self {
        case .int64: TypeNumber.int8
        case .double: TypeNumber.float8
        case .text: TypeNumber.text
        case .bytes: TypeNumber.bytea
        case .bool: TypeNumber.bool
        case .timestamp: TypeNumber.timestamptz
        case .int64s: TypeNumber.int8Array
        case .doubles: TypeNumber.float8Array
        case .texts: TypeNumber.textArray
        case .byteStrings: TypeNumber.byteaArray
        case .bools: TypeNumber.boolArray
        case .timestamps: TypeNumber.timestamptzArray
        }
    }
}

/// The numbers of the built-in types (`pg_type.dat`); they never change.
enum TypeNumber {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let unknown: UInt32 = 705
    static let boolArray: UInt32 = 1000
    static let byteaArray: UInt32 = 1001
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let float8Array: UInt32 = 1022
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let timestamptz: UInt32 = 1184
    static let timestamptzArray: UInt32 = 1185
}
