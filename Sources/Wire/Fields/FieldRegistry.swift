internal import Plant

/// The registry of fields: what each field of each message may hold. Decoding holds every message against it once, and
/// nobody checks these ranges again. A test compares the registry with the `.proto` files, field by field.
package enum FieldRegistry {
    package typealias Field = (name: String, rule: FieldRule)

    /// By the name of the message and the number of the field.
    package static let messages: [String: [Int: Field]] = [
        // Session
        "Hello": [
            1: ("role", .choice),
            2: ("lane", .choice),
            3: ("peer", .needed(name)),
            4: ("session", .needed(name)),
            5: ("minor_version", small),
            6: ("software", name),
            7: ("host", name),
            8: ("process", process),
            9: ("credits", credits),
            10: ("held", .list(of: .message("HeldLease"), atMost: 4_096)),
        ],
        "HeldLease": [
            1: ("token", any),
            2: ("job", job),
            3: ("finished", .flag),
            4: ("shard", .message("ShardKey")),
        ],
        "Welcome": [
            1: ("epoch", any),
            2: ("minor_version", small),
            3: ("limits", .message("Limits")),
        ],
        "Limits": [
            1: ("heartbeat_milliseconds", .number(0...86_400_000)),
            2: ("missed_heartbeats", .number(0...1_000)),
            3: ("payload_bytes", size),
            4: ("part_bytes", size),
            5: ("credit_bytes", size),
        ],
        "Heartbeat": [
            1: ("progress", .list(of: .message("Progress"), atMost: 8_192)),
            2: ("credits", credits),
            3: ("draining", .flag),
        ],
        "Progress": [
            1: ("token", any),
            2: ("counter", any),
        ],
        "Drain": [:],
        "Goodbye": [
            1: ("reason", reason)
        ],

        // Clips
        "Machine": [
            1: ("type", name),
            2: ("id", name),
        ],
        "Submit": [
            1: ("key", .needed(name)),
            2: ("site", .needed(name)),
            3: ("machine", .message("Machine")),
            4: ("recorded_at", time),
            5: ("sha256", hash),
            6: ("format", .choice),
            7: ("length", size),
            8: ("name", name),
            9: ("channel", channel),
            10: ("feature", .message("LogMelParameters")),
            11: ("follow", .flag),
            12: ("priority", .choice),
        ],
        "LogMelParameters": [
            1: ("sample_rate_hz", parameter),
            2: ("fft_length", parameter),
            3: ("hop_length", parameter),
            4: ("mel_bands", parameter),
            5: ("reflect_padding", .flag),
        ],
        "Accepted": [
            1: ("key", name),
            2: ("job", job),
            3: ("duplicate", .flag),
        ],
        "Busy": [
            1: ("key", name),
            2: ("retry_after_milliseconds", .number(0...86_400_000)),
            3: ("reason", reason),
        ],
        "Reject": [
            1: ("key", name),
            2: ("code", code),
            3: ("reason", reason),
        ],
        "Follow": [
            1: ("key", .needed(name)),
            2: ("job", .needed(.signed(1...Int64.max))),
        ],
        "Outcome": [
            1: ("key", name),
            2: ("job", job),
            3: ("score", .message("Score")),
            4: ("failure", .message("Failure")),
            5: ("queue_milliseconds", milliseconds),
        ],

        // Jobs
        "Dispatch": [
            1: ("token", any),
            2: ("job", job),
            3: ("attempt", count),
            4: ("score", .message("ScoreWork")),
            5: ("shard", .message("ShardWork")),
        ],
        "ScoreWork": [
            1: ("machine", .message("Machine")),
            2: ("format", .choice),
            3: ("name", name),
            4: ("channel", channel),
            5: ("feature", .message("LogMelParameters")),
            6: ("model_version", name),
            7: ("model_sha256", hash),
        ],
        "ShardWork": [
            1: ("key", .message("ShardKey")),
            2: ("kind", name),
            3: ("specification", body),
            4: ("preferred_worker", name),
        ],
        "ShardKey": [
            1: ("run", job),
            2: ("step", count),
            3: ("phase", count),
            4: ("shard", count),
            5: ("copy", count),
        ],
        "Result": [
            1: ("token", any),
            2: ("job", job),
            3: ("score", .message("Score")),
            4: ("shard", .message("ShardOutput")),
            5: ("failure", .message("Failure")),
            6: ("compute_milliseconds", milliseconds),
        ],
        "Score": [
            1: ("model_version", name),
            2: ("score", .double(nil)),
            3: ("log_odds", .double(nil)),
            4: ("threshold", .double(nil)),
            5: ("verdict", .text(64)),
            6: ("neighbour_distance", .double(nil)),
            7: ("flags", .list(of: .text(64), atMost: 32)),
            8: ("compute_milliseconds", milliseconds),
            9: ("reason", .sentence(1_024)),
            10: ("shares", .list(of: .message("ScoreShare"), atMost: 5)),
        ],
        "ScoreShare": [
            1: ("spectrum", .text(64)),
            2: ("low_hz", .double(0...1e9)),
            3: ("high_hz", .double(0...1e9)),
            4: ("share", .double(-1e9...1e9)),
        ],
        "ShardOutput": [
            1: ("key", .message("ShardKey")),
            2: ("sha256", hash),
        ],
        "Failure": [
            1: ("code", code),
            2: ("reason", reason),
            3: ("permanent", .flag),
        ],
        "ResultAck": [
            1: ("token", any),
            2: ("job", job),
        ],
        "Cancel": [
            1: ("token", any)
        ],

        // Content by hash
        "Put": [
            1: ("sha256", hash),
            2: ("length", size),
            3: ("durable", .flag),
        ],
        "Stored": [
            1: ("sha256", hash)
        ],
        "Fetch": [
            1: ("sha256", hash)
        ],
        "Content": [
            1: ("sha256", hash),
            2: ("length", size),
        ],

        // Shards of training and evaluation
        "AskShards": [
            1: ("shards", .list(of: .message("ShardWork"), atMost: 65_536))
        ],
        "ShardDone": [
            1: ("key", .message("ShardKey")),
            2: ("sha256", hash),
            3: ("worker", name),
            4: ("compute_milliseconds", milliseconds),
            5: ("failure", .message("Failure")),
        ],
        "ForgetShards": [
            1: ("run", job)
        ],

        // Operators
        "AskStatus": [:],
        "Status": [
            1: ("epoch", any),
            2: ("queued_clips", size),
            3: ("queued_shards", size),
            4: ("leased", size),
            5: ("unwritten_results", size),
            6: ("workers", .list(of: .message("WorkerStatus"), atMost: 65_536)),
            7: ("accepted", size),
            8: ("scored", size),
            9: ("dead", size),
        ],
        "WorkerStatus": [
            1: ("name", name),
            2: ("host", name),
            3: ("process", process),
            4: ("leased", count),
            5: ("credits", count),
            6: ("draining", .flag),
            7: ("finished", size),
            8: ("doing", .sentence(1_024)),
        ],
        "DrainWorker": [
            1: ("worker", .needed(name))
        ],
        "Done": [:],
    ].merging(shards) { _, _ in preconditionFailure("a message is in the registry twice") }

    /// The fields of a message by its full name.
    static func fields(of message: String) -> [Int: Field] { byFullName[message] ?? [:] }

    private static let byFullName = Dictionary(
        uniqueKeysWithValues: messages.map { ("auscult.wire.\($0.key)", $0.value) })

    // MARK: what fields have in common

    static let any = FieldRule.number(0...UInt64.max)
    static let name = FieldRule.text(MessageLimits.nameBytes)
    static let reason = FieldRule.sentence(16_384)
    static let small = FieldRule.number(0...255)
    /// What the database and the arithmetic of both sides hold with room to spare.
    static let count = FieldRule.number(0...UInt64(Int32.max))
    static let size = FieldRule.number(0...1 << 48)
    static let process = count
    static let credits = FieldRule.number(0...4_096)
    static let code = FieldRule.number(0...65_535)
    static let job = FieldRule.signed(0...Int64.max)
    static let channel = FieldRule.number(0...1_023)
    /// Of a log-mel; whether it is any use is seen where it is used.
    static let parameter = FieldRule.number(0...10_000_000)
    /// When something was recorded, microseconds since 1970.
    static let time = FieldRule.signed(ClosedRange(ClipRecord.recordingTimes))
    /// At most ten years.
    static let milliseconds = FieldRule.double(0...316e9)
    /// A SHA-256, where there is one.
    static let hash = FieldRule.bytes(32...32)
    /// Bounded by what it travels in.
    static let body = FieldRule.bytes(0...Int.max)
}
