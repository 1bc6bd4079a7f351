package import Brokerage
internal import Files
package import Ledger
package import Logging
package import Messaging

/// The broker as a service: a thread that owns the socket and the decisions, one that campaigns for leadership, and,
/// while it leads, a lane for the disk and one for the database.
///
/// Any number of brokers may run on one database; one leads, the others send their peers to it. Those of one host, or
/// of hosts that see the same disk, are given the same `dataDirectory`, so that each can read what the other stored.
///
///     let broker = try BrokerNode.start(configuration, lock: …, ledger: { try … }, logger: logger) { error in … }
///     …
///     try broker.stop()
package final class BrokerNode: Sendable {
    package struct Configuration: Sendable {
        package var listen: Endpoint
        /// Plain, or the broker's keys; then only peers are let in whose keys the ledger allows.
        package var security: Security
        /// Folder of the segment files; made if need be.
        package var dataDirectory: String
        /// Where new payloads go; old ones are found in either place.
        package var payloadPlace: PayloadPlace
        /// Room that a segment of clips takes at once, bytes.
        package var segmentBytes: Int64 = 256 << 20
        /// How fast stored bytes are proved while nobody needs them.
        package var scrubBytesPerSecond: Int64 = 8 << 20
        /// Who this broker is, in the ledger's epoch row.
        package var holder: String
        package var broker: BrokerConfiguration
        /// Messages that may wait for one peer; one that reads so little is forgotten.
        package var unreadAnswers: Int
        /// Payload one peer may have been sent and not read, bytes; further content waits until it has.
        package var unreadBytes: Int
        /// Peers that may be connected at once, and of those with one key.
        package var peerLimit = 4_096
        package var peersPerKey = 256
        /// Memory of the process beyond which it ends, to be started again; nil for four fifths of the host's, at most 8 GiB.
        package var residentBytes: Int?

        /// Payload one site may push in a day, bytes; nil for any.
        package var dailySiteBytes: Int? {
            get { broker.dailySiteBytes }
            set { broker.dailySiteBytes = newValue }
        }

        package init(
            listen: Endpoint, security: Security = .plain, dataDirectory: String,
            payloadPlace: PayloadPlace = .segments, holder: String,
            broker: BrokerConfiguration = .init(), unreadAnswers: Int = 16_384,
            unreadBytes: Int = 64 << 20
        ) {
            self.listen = listen
            self.security = security
            self.dataDirectory = dataDirectory
            self.payloadPlace = payloadPlace
            self.holder = holder
            self.broker = broker
            self.unreadAnswers = unreadAnswers
            self.unreadBytes = unreadBytes
        }
    }

    /// Where the broker really listens.
    package let endpoint: Endpoint
    private let thread: NodeThread
    private let commands: Mailbox<BrokerLoop.Command>
    private let campaign: BrokerCampaign
    private let porter: BrokerPorter

    /// Starts the broker and returns once it leads, or knows why it does not, and listens.
    ///
    /// - Parameters:
    ///   - lock: for which the brokers of a cluster compete.
    ///   - ledger: makes the connection to the database, on the thread that will use it; called for each term.
    ///   - alarms: makes the connection of the desk of alarms; nil where nobody watches over machines.
    ///   - onFailure: called, on the broker's thread, with what makes it impossible to go on: the process should end.
    package static func start(
        _ configuration: Configuration, lock: any LeaderLock,
        ledger: @escaping @Sendable () throws -> any BrokerLedger,
        alarms: (@Sendable () throws -> any AlarmLedger)? = nil,
        logger: Logger, onFailure: @escaping @Sendable (any Error) -> Void
    ) throws -> BrokerNode {
        _ = try Folder(configuration.dataDirectory)
        let commands = try Mailbox<BrokerLoop.Command>()
        let porter = try BrokerPorter(makeLedger: ledger, logger: logger)
        let (campaign, first) = try BrokerCampaign.start(
            configuration, lock: lock, ledger: ledger, alarms: alarms, logger: logger
        ) { commands.post(.standing($0)) }
        first.map { commands.post(.standing($0)) }
        do {
            let (thread, endpoint) = try NodeThread.start("broker") {
                let loop = try BrokerLoop(configuration, commands: commands, porter: porter, logger: logger) {
                    campaign.termEnded()
                }
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
            return BrokerNode(endpoint, thread, commands, campaign, porter)
        } catch {
            try campaign.stop()
            try porter.stop()
            throw error
        }
    }

    private init(
        _ endpoint: Endpoint, _ thread: NodeThread, _ commands: Mailbox<BrokerLoop.Command>, _ campaign: BrokerCampaign,
        _ porter: BrokerPorter
    ) {
        self.endpoint = endpoint
        self.thread = thread
        self.commands = commands
        self.campaign = campaign
        self.porter = porter
    }

    /// Ends the broker. Whatever is not acknowledged yet will be sent again, to the next one.
    package func stop() throws {
        commands.post(.stop)
        try thread.join()
        try campaign.stop()
        try porter.stop()
    }
}
