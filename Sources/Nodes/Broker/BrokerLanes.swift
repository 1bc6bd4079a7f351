internal import Brokerage
internal import Ledger
internal import Logging
internal import Messaging
internal import Plant

/// What a term needs besides the socket: its epoch, the lane of the disk, the lane of the database, the mailbox into
/// which both answer, the janitor and the scrub. It dies with the term, so that no answer reaches a later one.
struct BrokerLanes: Sendable {
    let epoch: UInt32
    let mailbox: Mailbox<BrokerNote>
    let disk: BrokerDisk
    private let ledger: BrokerLedgerLane
    /// Makes sure of leadership, with a connection of its own: nothing that others ask holds that up.
    private let renewal: BrokerLedgerLane
    private let janitor: BrokerJanitor
    /// Nil where nobody watches over machines.
    private let alarms: BrokerAlarms?
    private let scrub: BrokerScrub
    private let sessions: BrokerGuard

    /// Raises the epoch, and only then opens the disk: the former leader's last commit is over by then, and whatever
    /// it still appends will never be anybody's clip.
    init(
        _ configuration: BrokerNode.Configuration, makeLedger: @escaping @Sendable () throws -> any BrokerLedger,
        makeAlarmLedger: (@Sendable () throws -> any AlarmLedger)?, logger: Logger
    ) throws {
        mailbox = try Mailbox()
        ledger = try BrokerLedgerLane("broker-ledger", mailbox: mailbox, makeLedger: makeLedger, logger: logger)
        renewal = try BrokerLedgerLane("broker-renewal", mailbox: mailbox, makeLedger: makeLedger, logger: logger)
        do {
            epoch = try ledger.open(holder: configuration.holder)
            renewal.join(epoch: epoch)
            disk = try BrokerDisk(
                directory: configuration.dataDirectory, segmentBytes: configuration.segmentBytes,
                place: configuration.payloadPlace, mailbox: mailbox, makeLedger: makeLedger)
            sessions = try BrokerGuard(makeLedger: makeLedger, logger: logger)
            janitor = try BrokerJanitor(epoch: epoch, disk: disk, makeLedger: makeLedger, logger: logger)
            alarms = try makeAlarmLedger.map { [epoch] in
                try BrokerAlarms(epoch: epoch, makeLedger: $0, logger: logger)
            }
            scrub = try BrokerScrub(
                directory: configuration.dataDirectory, bytesPerSecond: configuration.scrubBytesPerSecond,
                makeLedger: makeLedger, logger: logger)
        } catch {
            try ledger.stop()
            try renewal.stop()
            throw error
        }
    }

    func perform(_ order: LedgerOrder) {
        if case .renew = order { return renewal.perform(order) }
        ledger.perform(order) { [alarms] in alarms?.hasEnded($0) }
    }

    /// Ends the threads, once what they do now is done.
    func stop() throws {
        try alarms?.stop()
        try scrub.stop()
        try sessions.stop()
        try janitor.stop()
        try disk.stop()
        try ledger.stop()
        try renewal.stop()
    }
}

/// Where content is.
enum FoundContent: Sendable {
    case stored(ContentHash, SegmentLocation)
    /// It is the payload of a clip from which a new machine is learnt.
    case clip(ContentHash, SegmentLocation)
    /// It is the file of a model.
    case file(ContentHash, [Frame])
    case unknown(ContentHash)
    case damaged(ContentHash)
}

/// What the lanes tell the broker's thread.
enum BrokerNote: Sendable {
    case disk(DiskAnswer)
    case ledger(LedgerAnswer)
    /// What the ledger knows of clips and contents.
    case found([ClipFate], [FoundContent])
    /// The payload of a job was read back for its worker.
    case loaded(PeerID, Dispatch, [Frame])
    /// Content was read back for a peer.
    case read(PeerID, ContentHash, RequestID?, [Frame])
    /// The content a peer asked for cannot be read back.
    case lost(PeerID, ContentHash, RequestID?, Refusal)
    /// A peer that was sent more than it took has taken some of it.
    case relieved(PeerID)
    /// Going on could lose data.
    case fault(any Error)
}
