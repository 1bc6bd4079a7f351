internal import SwiftProtobuf

/// Equal messages without maps encode to equal bytes.
func encode(_ message: some Message) -> [UInt8] {
    do {
        return try message.serializedBytes()
    } catch {
        preconditionFailure("a message without required fields always encodes: \(error)")
    }
}

func decode<M: Message>(_ type: M.Type, from bytes: [UInt8]) throws(WireError) -> M {
    let message: M
    do {
        message = try M(serializedBytes: bytes)
    } catch {
        throw WireError(.badBody, "\(bytes.count) bytes are not a \(M.protoMessageName): \(error)")
    }
    try message.checkFields()
    return message
}
