internal import Datasets
internal import Messaging
internal import Wire

/// The pushing half of a gateway: from the outbox to the broker. Belongs to one thread.
final class GatewayPush {
    /// Clips described in memory; the others wait on disk.
    private static let window = 512

    let mailbox: Mailbox<GatewayClient.Event>
    private let client: GatewayClient
    private let outbox: ClipOutbox
    private let desk: Desk
    private let report: @Sendable (GatewayNode.Report) -> Void

    /// What the client's answers refer to.
    private final class Desk {
        /// By the path of their bytes.
        var items: [FilePath: ClipOutbox.Item] = [:]
        /// The first thing that went wrong with an answer.
        var failure: (any Error)?
    }

    init(
        _ configuration: GatewayNode.Configuration, _ outbox: ClipOutbox,
        _ report: @escaping @Sendable (GatewayNode.Report) -> Void
    ) throws {
        let desk = Desk()
        client = try GatewayClient(
            name: configuration.name, endpoints: configuration.endpoints, security: configuration.security,
            follow: false, patience: nil
        ) { clip, answer in
            guard let item = desk.items.removeValue(forKey: clip.path) else { return }
            do {
                switch answer {
                case .accepted(let acceptance):
                    try outbox.remove(item.number)
                    report(.init(source: clip.source, key: clip.key, ending: .accepted(acceptance)))
                case .rejected(let error):
                    try outbox.reject(item, error)
                    report(.init(source: clip.source, key: clip.key, ending: .rejected(error)))
                case .scored, .dead: break
                }
            } catch {
                desk.failure = error
            }
        }
        mailbox = client.mailbox
        (self.outbox, self.desk, self.report) = (outbox, desk, report)
    }

    /// Pushes until told to stop; throws what makes it impossible to go on.
    func run() throws {
        var last: Int64 = 0
        while !client.isStopped {
            if client.count < Self.window / 2 {
                for entry in try outbox.entries(after: last, limit: Self.window) {
                    last = entry.number
                    switch entry {
                    case .clip(let item):
                        desk.items[item.clip.path] = item
                        try client.take(item.clip)
                    case .damaged(let number, let path, let error):
                        try outbox.setAside(number, named: "clip", error)
                        report(.init(source: FilePath(path), key: nil, ending: .rejected(error)))
                    }
                }
            }
            try client.wait()
            if let failure = desk.failure { throw failure }
        }
        try client.close()
    }
}
