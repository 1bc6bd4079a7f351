package import Brokerage
package import Ledger
package import Logging
package import Messaging
internal import Plant

/// The broker as a service: one thread that owns the socket and the decisions, one lane for the disk, one for the
/// database.
///
///     let broker = try BrokerNode.start(configuration, ledger: { try … }, logger: logger) { error in … }
///     …
///     try broker.stop()
package final class BrokerNode: Sendable {
    package struct Configuration: Sendable {
        package var listen: Endpoint
        /// Plain, or the broker's keys; then only peers are let in whose keys the ledger allows.
        package var security: Security
        /// Folder of the segment files; made if need be.
        package var dataDirectory: String
        /// Who this broker is, in the ledger's epoch row.
        package var holder: String
        package var broker: BrokerConfiguration
        /// Messages that may wait for one peer; one that reads so little is forgotten.
        package var unreadAnswers: Int

        package init(
            listen: Endpoint, security: Security = .plain, dataDirectory: String, holder: String,
            broker: BrokerConfiguration = .init(), unreadAnswers: Int = 16_384
        ) {
            self.listen = listen
            self.security = security
            self.dataDirectory = dataDirectory
            self.holder = holder
            self.broker = broker
            self.unreadAnswers = unreadAnswers
        }
    }

    /// Where the broker really listens.
    package let endpoint: Endpoint
    private let thread: NodeThread
    private let mailbox: Mailbox<BrokerNote>
    private let disk: BrokerDisk
    private let ledger: BrokerLedgerLane
    private let porter: BrokerPorter

    /// Starts the broker and returns once it listens.
    ///
    /// - Parameters:
    ///   - ledger: makes the connection to the database, on the thread that will use it.
    ///   - onFailure: called, on the broker's thread, with what makes it impossible to go on: the process should end.
    package static func start(
        _ configuration: Configuration, ledger makeLedger: @escaping @Sendable () throws -> any BrokerLedger,
        logger: Logger, onFailure: @escaping @Sendable (any Error) -> Void
    ) throws -> BrokerNode {
        let mailbox = try Mailbox<BrokerNote>()
        let disk = try BrokerDisk(directory: configuration.dataDirectory, mailbox: mailbox)
        let ledger = try BrokerLedgerLane(mailbox: mailbox, makeLedger: makeLedger)
        do {
            let epoch = try ledger.open(holder: configuration.holder)
            let porter = try BrokerPorter(makeLedger: makeLedger, logger: logger)
            let (thread, endpoint) = try NodeThread.start("broker") {
                let loop = try BrokerLoop(
                    configuration, epoch: epoch, mailbox: mailbox, disk: disk, ledger: ledger, porter: porter,
                    logger: logger)
                return (
                    loop.endpoint,
                    {
                        do {
                            try loop.run()
                        } catch {
                            onFailure(error)
                        }
                    }
                )
            }
            return BrokerNode(endpoint, thread, mailbox, disk, ledger, porter)
        } catch {
            try disk.stop()
            try ledger.stop()
            throw error
        }
    }

    private init(
        _ endpoint: Endpoint, _ thread: NodeThread, _ mailbox: Mailbox<BrokerNote>, _ disk: BrokerDisk,
        _ ledger: BrokerLedgerLane, _ porter: BrokerPorter
    ) {
        self.endpoint = endpoint
        self.thread = thread
        self.mailbox = mailbox
        self.disk = disk
        self.ledger = ledger
        self.porter = porter
    }

    /// Ends the broker. Whatever is not acknowledged yet will be sent again, to the next one.
    package func stop() throws {
        mailbox.post(.stop)
        try thread.join()
        try disk.stop()
        try ledger.stop()
        try porter.stop()
    }
}

/// What the lanes and the owner tell the broker's thread.
enum BrokerNote: Sendable {
    case disk(DiskAnswer)
    case ledger(LedgerAnswer)
    /// A payload was read back for this peer.
    case loaded(PeerID, Answer, [Frame])
    /// A model's file was found; nobody waits for the frames but who asked for the content.
    case modelFile(ContentHash, [Frame])
    /// The content a peer asked for cannot be read back.
    case lost(PeerID, ContentHash)
    /// Going on could lose data.
    case fault(any Error)
    case stop
}
