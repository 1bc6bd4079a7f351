internal import SwiftProtobuf

extension SwiftProtobuf.Message {
    /// Holds every field of the message, and of those within, against the registry.
    func checkFields() throws(WireError) {
        let name = Self.protoMessageName
        let fields = FieldRegistry.fields(of: name)
        var check = FieldCheck(message: name, fields: fields)
        do {
            try traverse(visitor: &check)
        } catch let error as WireError {
            throw error
        } catch {
            preconditionFailure("a check of fields throws nothing but its own errors: \(error)")
        }
        for (number, field) in fields {
            guard case .needed = field.rule, !check.seen.contains(number) else { continue }
            throw WireError(.badField, "\(name) has no \(field.name)")
        }
    }
}

/// Walks through the fields of one message that are set, and looks whether each keeps to its rule.
private struct FieldCheck: SizeVisitor {
    let message: String
    let fields: [Int: FieldRegistry.Field]
    var seen: Set<Int> = []

    init(message: String, fields: [Int: FieldRegistry.Field]) { (self.message, self.fields) = (message, fields) }

    /// The rule of a field, for each element of a list.
    private mutating func rule(_ number: Int) throws -> FieldRule {
        guard let field = fields[number] else { throw refusal(number, "is not in the registry of fields") }
        switch field.rule {
        case .needed(let inner):
            seen.insert(number)
            return inner
        case .list(let element, _): return element
        default: return field.rule
        }
    }

    private mutating func checkCount(_ count: Int, of number: Int) throws {
        guard case .list(_, let limit)? = fields[number]?.rule, count > limit else { return }
        throw refusal(number, "has \(count) entries, at most \(limit) are allowed")
    }

    private func refusal(_ number: Int, _ what: String) -> WireError {
        WireError(.badField, "\(fields[number]?.name ?? "field \(number)") of \(message) \(what)")
    }

    mutating func visitSingularBoolField(value: Bool, fieldNumber: Int) throws { _ = try rule(fieldNumber) }

    mutating func visitSingularEnumField<E: Enum>(value: E, fieldNumber: Int) throws { _ = try rule(fieldNumber) }

    mutating func visitSingularUInt64Field(value: UInt64, fieldNumber: Int) throws {
        guard case .number(let range) = try rule(fieldNumber), !range.contains(value) else { return }
        throw refusal(fieldNumber, "is \(value), not in \(range.lowerBound) to \(range.upperBound)")
    }

    mutating func visitSingularInt64Field(value: Int64, fieldNumber: Int) throws {
        guard case .signed(let range) = try rule(fieldNumber), !range.contains(value) else { return }
        throw refusal(fieldNumber, "is \(value), not in \(range.lowerBound) to \(range.upperBound)")
    }

    mutating func visitSingularDoubleField(value: Double, fieldNumber: Int) throws {
        switch try rule(fieldNumber) {
        case .double(let range?) where !range.contains(value), .single(let range?) where !range.contains(value):
            throw refusal(fieldNumber, "is \(value), not in \(range.lowerBound) to \(range.upperBound)")
        default: break
        }
    }

    mutating func visitSingularStringField(value: String, fieldNumber: Int) throws {
        let rule = try rule(fieldNumber)
        guard case .text(let limit) = rule else {
            if case .sentence(let limit) = rule { try checkLength(of: value, limit, fieldNumber) }
            return
        }
        try checkLength(of: value, limit, fieldNumber)
        guard !value.isPlain else { return }
        throw refusal(fieldNumber, "has control characters or marks of direction: \(value.madePlain(limit: 100))")
    }

    private func checkLength(of text: String, _ limit: Int, _ number: Int) throws {
        let count = text.utf8.count
        if count > limit { throw refusal(number, "has \(count) bytes, at most \(limit) are allowed") }
    }

    mutating func visit(byteCount: Int, fieldNumber: Int) throws {
        guard case .bytes(let range) = try rule(fieldNumber), !range.contains(byteCount) else { return }
        throw refusal(fieldNumber, "has \(byteCount) bytes, not \(range.lowerBound) to \(range.upperBound)")
    }

    mutating func visitSingularMessageField<M: SwiftProtobuf.Message>(value: M, fieldNumber: Int) throws {
        _ = try rule(fieldNumber)
        try value.checkFields()
    }

    mutating func visitRepeatedMessageField<M: SwiftProtobuf.Message>(value: [M], fieldNumber: Int) throws {
        try checkCount(value.count, of: fieldNumber)
        for element in value { try visitSingularMessageField(value: element, fieldNumber: fieldNumber) }
    }

    mutating func visitRepeatedStringField(value: [String], fieldNumber: Int) throws {
        try checkCount(value.count, of: fieldNumber)
        for element in value { try visitSingularStringField(value: element, fieldNumber: fieldNumber) }
    }

    mutating func visitPackedUInt32Field(value: [UInt32], fieldNumber: Int) throws {
        try checkCount(value.count, of: fieldNumber)
        for element in value { try visitSingularUInt32Field(value: element, fieldNumber: fieldNumber) }
    }

    // Numbers in bulk: those who use them look at each.

    mutating func visitPackedFloatField(value: [Float], fieldNumber: Int) throws {
        _ = try rule(fieldNumber)
        try checkCount(value.count, of: fieldNumber)
    }

    mutating func visitPackedDoubleField(value: [Double], fieldNumber: Int) throws {
        _ = try rule(fieldNumber)
        try checkCount(value.count, of: fieldNumber)
    }

    // Nothing of ours has maps.

    mutating func visitMapField<Key, Value: MapValueType>(
        fieldType: _ProtobufMap<Key, Value>.Type, value: _ProtobufMap<Key, Value>.BaseType, fieldNumber: Int
    ) {}

    mutating func visitMapField<Key, Value>(
        fieldType: _ProtobufEnumMap<Key, Value>.Type, value: _ProtobufEnumMap<Key, Value>.BaseType, fieldNumber: Int
    ) where Value.RawValue == Int {}

    mutating func visitMapField<Key, Value>(
        fieldType: _ProtobufMessageMap<Key, Value>.Type, value: _ProtobufMessageMap<Key, Value>.BaseType,
        fieldNumber: Int
    ) {}
}
