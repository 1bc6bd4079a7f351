import Plant

extension Message {
    /// The bytes that came along.
    var blob: Blob? {
        switch self {
        case .submit(let submission): submission.blob
        case .put(let put): put.blob
        case .result(let report):
            if case .shard(_, let output, _) = report.ending { output } else { nil }
        default: nil
        }
    }

    /// What the answer is to name: the clip's key, or the hash of content.
    var key: String {
        switch self {
        case .submit(let submission): submission.clip.key
        case .put(let put): put.sha256.description
        case .fetch(let hash): hash.description
        case .follow(let key, _): key
        default: ""
        }
    }
}
