/// What a message is about: the number in its header. Numbers are never reused.
package enum Command: UInt16, Hashable, Sendable, CaseIterable {
    // Session
    case hello = 1
    case welcome = 2
    case heartbeat = 3
    case drain = 4
    case goodbye = 5
    // Clips
    case submit = 16
    case accepted = 17
    case busy = 18
    case reject = 19
    case outcome = 20
    case follow = 21
    // Jobs
    case dispatch = 32
    case result = 33
    case resultAck = 34
    case cancel = 35
    // Content by hash
    case put = 48
    case stored = 49
    case fetch = 50
    case content = 51
    // Shards of training and evaluation
    case askShards = 64
    case shardDone = 65
    case forgetShards = 66
    // Operators
    case askStatus = 80
    case status = 81
    case drainWorker = 82
    case done = 83
}

extension Command {
    /// Who may send a command, on which lane, and what it may carry.
    package var rule: CommandRule {
        switch self {
        case .hello: CommandRule("HELLO", from: .peers, on: .either)
        case .welcome: CommandRule("WELCOME", from: .broker, on: .either)
        case .heartbeat: CommandRule("HEARTBEAT", from: .everyone, on: .control)
        case .drain: CommandRule("DRAIN", from: .broker, on: .control)
        case .goodbye: CommandRule("GOODBYE", from: .peers, on: .control)
        case .submit: CommandRule("SUBMIT", from: .gateway, on: .data, payload: true)
        case .accepted: CommandRule("ACCEPTED", from: .broker, on: .control)
        case .busy: CommandRule("BUSY", from: .broker, on: .control)
        case .reject: CommandRule("REJECT", from: .broker, on: .either)
        case .outcome: CommandRule("OUTCOME", from: .broker, on: .control)
        case .follow: CommandRule("FOLLOW", from: .gateway, on: .control)
        case .dispatch: CommandRule("DISPATCH", from: .broker, on: .data, body: .large, payload: true)
        case .result: CommandRule("RESULT", from: .worker, on: .data, body: .large, payload: true)
        case .resultAck: CommandRule("RESULT_ACK", from: .broker, on: .control)
        case .cancel: CommandRule("CANCEL", from: .broker, on: .control)
        case .put: CommandRule("PUT", from: [.coordinator, .operator], on: .data, payload: true)
        case .stored: CommandRule("STORED", from: .broker, on: .control)
        case .fetch: CommandRule("FETCH", from: .worker, on: .data)
        case .content: CommandRule("CONTENT", from: .broker, on: .data, payload: true)
        case .askShards: CommandRule("ASK_SHARDS", from: .coordinator, on: .data, body: .large)
        case .shardDone: CommandRule("SHARD_DONE", from: .broker, on: .data, payload: true)
        case .forgetShards: CommandRule("FORGET_SHARDS", from: .coordinator, on: .data)
        case .askStatus: CommandRule("ASK_STATUS", from: .operator, on: .control)
        case .status: CommandRule("STATUS", from: .broker, on: .control, body: .large)
        case .drainWorker: CommandRule("DRAIN_WORKER", from: .operator, on: .control)
        case .done: CommandRule("DONE", from: .broker, on: .control)
        }
    }
}
