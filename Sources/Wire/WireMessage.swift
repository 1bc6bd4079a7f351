package import SwiftProtobuf

/// The protobuf message of any command.
package enum WireMessage: Hashable, Sendable {
    case hello(WireHello)
    case welcome(WireWelcome)
    case heartbeat(WireHeartbeat)
    case drain(WireDrain)
    case goodbye(WireGoodbye)
    case submit(WireSubmit)
    case accepted(WireAccepted)
    case busy(WireBusy)
    case reject(WireReject)
    case outcome(WireOutcome)
    case follow(WireFollow)
    case dispatch(WireDispatch)
    case result(WireResult)
    case resultAck(WireResultAck)
    case cancel(WireCancel)
    case put(WirePut)
    case stored(WireStored)
    case fetch(WireFetch)
    case content(WireContent)
    case askShards(WireAskShards)
    case shardDone(WireShardDone)
    case forgetShards(WireForgetShards)
    case askStatus(WireAskStatus)
    case status(WireStatus)
    case drainWorker(WireDrainWorker)
    case done(WireDone)
}

extension WireMessage {
    package var command: Command { content.command }

    /// The protobuf message itself.
    package var body: any SwiftProtobuf.Message { content.body }

    private var content: (command: Command, body: any SwiftProtobuf.Message) {
        switch self {
        case .hello(let body): (.hello, body)
        case .welcome(let body): (.welcome, body)
        case .heartbeat(let body): (.heartbeat, body)
        case .drain(let body): (.drain, body)
        case .goodbye(let body): (.goodbye, body)
        case .submit(let body): (.submit, body)
        case .accepted(let body): (.accepted, body)
        case .busy(let body): (.busy, body)
        case .reject(let body): (.reject, body)
        case .outcome(let body): (.outcome, body)
        case .follow(let body): (.follow, body)
        case .dispatch(let body): (.dispatch, body)
        case .result(let body): (.result, body)
        case .resultAck(let body): (.resultAck, body)
        case .cancel(let body): (.cancel, body)
        case .put(let body): (.put, body)
        case .stored(let body): (.stored, body)
        case .fetch(let body): (.fetch, body)
        case .content(let body): (.content, body)
        case .askShards(let body): (.askShards, body)
        case .shardDone(let body): (.shardDone, body)
        case .forgetShards(let body): (.forgetShards, body)
        case .askStatus(let body): (.askStatus, body)
        case .status(let body): (.status, body)
        case .drainWorker(let body): (.drainWorker, body)
        case .done(let body): (.done, body)
        }
    }

    /// Of the protobuf message, as the registry of fields calls it.
    package var name: String { String(type(of: body).protoMessageName.split(separator: ".").last ?? "") }

    /// Holds every field against the registry.
    func checkFields() throws(WireError) { try body.checkFields() }

    /// The body as it travels.
    package func serialized() -> [UInt8] {
        do {
            return try body.serializedBytes()
        } catch {
            // Only a message of more than 2 GiB or with required fields fails; ours have neither.
            preconditionFailure("\(command.rule.name) cannot be serialised: \(error)")
        }
    }

    /// Reads the body of a command; fields of a newer minor version are skipped.
    init(_ command: Command, serialized bytes: [UInt8]) throws {
        self =
            switch command {
            case .hello: .hello(try Self.read(bytes))
            case .welcome: .welcome(try Self.read(bytes))
            case .heartbeat: .heartbeat(try Self.read(bytes))
            case .drain: .drain(try Self.read(bytes))
            case .goodbye: .goodbye(try Self.read(bytes))
            case .submit: .submit(try Self.read(bytes))
            case .accepted: .accepted(try Self.read(bytes))
            case .busy: .busy(try Self.read(bytes))
            case .reject: .reject(try Self.read(bytes))
            case .outcome: .outcome(try Self.read(bytes))
            case .follow: .follow(try Self.read(bytes))
            case .dispatch: .dispatch(try Self.read(bytes))
            case .result: .result(try Self.read(bytes))
            case .resultAck: .resultAck(try Self.read(bytes))
            case .cancel: .cancel(try Self.read(bytes))
            case .put: .put(try Self.read(bytes))
            case .stored: .stored(try Self.read(bytes))
            case .fetch: .fetch(try Self.read(bytes))
            case .content: .content(try Self.read(bytes))
            case .askShards: .askShards(try Self.read(bytes))
            case .shardDone: .shardDone(try Self.read(bytes))
            case .forgetShards: .forgetShards(try Self.read(bytes))
            case .askStatus: .askStatus(try Self.read(bytes))
            case .status: .status(try Self.read(bytes))
            case .drainWorker: .drainWorker(try Self.read(bytes))
            case .done: .done(try Self.read(bytes))
            }
    }

    private static func read<Body: SwiftProtobuf.Message>(_ bytes: [UInt8]) throws -> Body {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 8
        options.discardUnknownFields = true
        return try Body(serializedBytes: bytes, options: options)
    }
}

extension WireMessage {
    /// The REJECT that tells an error; `key` names the clip where there is one.
    package static func reject(_ error: WireError, key: String = "") -> WireMessage {
        .reject(
            WireReject.with {
                $0.key = key
                $0.code = error.code.rawValue
                $0.reason = error.reason
            })
    }
}

extension WireReject {
    /// What the REJECT tells.
    package var error: WireError { WireError(WireError.Code(rawValue: code), reason) }
}

extension WireFailure {
    package var error: WireError { WireError(WireError.Code(rawValue: code), reason) }
}
