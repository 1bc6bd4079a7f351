internal import FoundationEssentials
internal import Glibc
internal import Ledger
internal import Logging
package import Messaging
internal import Plant
internal import SwiftProtobuf
internal import Wire

/// The coordinator as a service: its thread, its link to the broker, and the database's signals.
///
/// Three threads: the link's; one that waits for signals of the database; and the coordinator's own, which owns every
/// decision and asks the database. The others only post into its mailbox.
package final class CoordinatorNode: Sendable {
    package struct Configuration: Sendable {
        package var endpoints: [Endpoint]
        package var security: Security
        package var databaseURL: String
        package var name: String
        /// Where the coordinator keeps its journal; nil where it keeps none.
        package var dataDirectory: String?

        package init(
            endpoints: [Endpoint], security: Security = .plain, databaseURL: String, name: String,
            dataDirectory: String? = nil
        ) {
            self.dataDirectory = dataDirectory
            self.endpoints = endpoints
            self.security = security
            self.databaseURL = databaseURL
            self.name = name
        }
    }

    private enum Event: Sendable {
        case link(PeerEvent)
        /// Look into the database: it said that something changed, or it is time.
        case look
        case stop
    }

    /// How long the signal thread waits before it has the coordinator look by itself.
    private static let lookMilliseconds = 1000

    private let mailbox: Mailbox<Event>
    private let link: PeerLink
    private let thread: NodeThread
    private let signals: SignalThread

    /// Starts the threads; throws when the database cannot be reached.
    package init(_ configuration: Configuration, welcomed: @escaping @Sendable () -> Void) throws {
        let mailbox = try Mailbox<Event>()
        let link = try PeerLink.open(
            .init(
                identity: .init(role: .coordinator, name: configuration.name), endpoints: configuration.endpoints,
                security: configuration.security, logger: Logger(label: "auscult.coordinator"))
        ) { event in
            mailbox.post(.link(event))
            if case .welcomed = event { welcomed() }
        }
        (thread, _) = try NodeThread.start("coordinator") { () -> (Void, NodeThread.Loop) in
            let coordinator = try Coordinator(
                ledger: PostgreSQLLedger(configuration.databaseURL, applicationName: "auscult coordinator"),
                holder: configuration.name, broker: Self.access(link), journal: configuration.dataDirectory)
            return ((), { Self.serveOrExit(mailbox, coordinator) })
        }
        signals = try SignalThread(
            url: configuration.databaseURL, signals: [.runSubmitted, .runCancelled], every: Self.lookMilliseconds
        ) { mailbox.post(.look) }
        (self.mailbox, self.link) = (mailbox, link)
    }

    /// How long the broker may take to hold a version of the weights.
    private static let putTimeout = Duration.seconds(30)

    private static func access(_ link: PeerLink) -> Coordinator.BrokerAccess {
        Coordinator.BrokerAccess(
            send: { link.send($0) },
            put: { hash, bytes in
                let put = WireMessage.put(
                    .with {
                        $0.sha256 = Data(hash.bytes)
                        $0.length = UInt64(bytes.count)
                    })
                _ = try link.request(put, payload: Frame.payload(bytes), timeout: putTimeout)
            })
    }

    /// Ends the threads. Runs that are under way go on when a coordinator starts again.
    package func stop() throws {
        mailbox.post(.stop)
        try thread.join()
        try signals.stop()
        try link.close(reason: "stopping")
    }

    /// A coordinator that cannot go on ends its process, and its supervisor decides what follows.
    private static func serveOrExit(_ mailbox: Mailbox<Event>, _ coordinator: Coordinator) {
        do {
            try serve(mailbox, coordinator)
        } catch {
            Logger(label: "auscult.coordinator").critical("\(error)")
            exit(1)
        }
    }

    /// Works until told to stop. While the database is away everything waits for it; a newer coordinator ends us.
    private static func serve(_ mailbox: Mailbox<Event>, _ coordinator: Coordinator) throws {
        let logger = Logger(label: "auscult.coordinator")
        var isAway = false
        while true {
            for event in mailbox.waitAndDrain() {
                do {
                    if case .stop = event { return }
                    try handle(event, coordinator)
                    if isAway { logger.info("the database is back") }
                    isAway = false
                } catch let error as LedgerError where error.mayPass {
                    if !isAway { logger.warning("waiting for the database: \(error.description)") }
                    isAway = true
                } catch let error as PeerError {
                    logger.warning("waiting for the broker: \(error)")
                } catch let error as LedgerError where error.code == .fenced {
                    throw LedgerError(.fenced, "another coordinator has taken over; this one stops")
                }
            }
        }
    }

    private static func handle(_ event: Event, _ coordinator: Coordinator) throws {
        let now = SteadyClock.milliseconds
        switch event {
        case .link(.welcomed): try coordinator.askAgain(now: now)
        case .link(.message(.shardDone(let done), let payload)):
            try coordinator.take(done, output: payload.joined(), now: now)
        case .look: try coordinator.lookForWork(now: now)
        case .link, .stop: break
        }
    }
}
