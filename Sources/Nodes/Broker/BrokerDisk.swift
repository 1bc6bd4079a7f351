internal import Brokerage
internal import Ledger
internal import Logging
internal import Messaging
internal import Plant

/// The broker's disk: the stores of clips and of content on a thread of their own.
///
/// What is to be stored is checked against its hash here, so that the broker's thread touches no payload.
final class BrokerDisk: Sendable {
    private static let logger = Logger(label: "auscult.broker")

    private let lane: SerialLane
    private let mailbox: Mailbox<BrokerNote>
    private let stores: Stores

    /// Used on the lane only, after init.
    private final class Stores: @unchecked Sendable {
        let clips: any PayloadStore
        let content: any PayloadStore

        init(
            directory: String, segmentBytes: Int64, place: PayloadPlace,
            makeLedger: @escaping @Sendable () throws -> any BrokerLedger
        ) throws {
            let ledger = try makeLedger()
            let clipFiles = try SegmentStore(directory: "\(directory)/clips", segmentBytes: segmentBytes) { segment in
                try ledger.reach(intoSegment: segment, of: .clips)
            }
            let contentFiles = try SegmentStore(directory: "\(directory)/content") { segment in
                try ledger.reach(intoSegment: segment, of: .content)
            }
            clips = MixedStore(files: clipFiles, rows: RowStore(.clips) { try makeLedger() }, place: place)
            content = MixedStore(files: contentFiles, rows: RowStore(.content) { try makeLedger() }, place: place)
        }
    }

    /// An item of an order with its bytes.
    struct Item: Sendable {
        let sha256: ContentHash
        let parts: [Frame]

        var isSound: Bool { ContentHash(of: parts) == sha256 }
    }

    init(
        directory: String, segmentBytes: Int64, place: PayloadPlace, mailbox: Mailbox<BrokerNote>,
        makeLedger: @escaping @Sendable () throws -> any BrokerLedger
    ) throws {
        self.mailbox = mailbox
        stores = try Stores(
            directory: directory, segmentBytes: segmentBytes, place: place, makeLedger: makeLedger)
        lane = try SerialLane("broker-disk")
    }

    func stop() throws { try lane.stop() }

    func perform(_ order: DiskOrder, items: [Item]) {
        lane.post { [mailbox, stores] in
            switch order {
            case .storeClips(let batch, _):
                Self.store(items, in: stores.clips, mailbox, full: .full(batch: batch, .clips)) {
                    .storedClips(batch: batch, $0)
                }
            case .storeContent(let batch, _):
                Self.store(items, in: stores.content, mailbox, full: .full(batch: batch, .content)) {
                    .storedContent(batch: batch, $0)
                }
            case .check(let batch, _):
                mailbox.post(.disk(.checked(batch: batch, items.map(\.isSound))))
            }
        }
    }

    private static func store(
        _ items: [Item], in store: any PayloadStore, _ mailbox: Mailbox<BrokerNote>, full: DiskAnswer,
        stored: ([SegmentLocation?]) -> DiskAnswer
    ) {
        do {
            let verdicts = items.map(\.isSound)
            var locations = try store.append(zip(items, verdicts).filter(\.1).map(\.0.parts))[...]
            mailbox.post(.disk(stored(verdicts.map { $0 ? locations.popFirst() : nil })))
        } catch let error as PayloadStoreError where error.code == .full || error.code == .unavailable {
            Self.logger.warning("\(error); gateways wait until there is room")
            mailbox.post(.disk(full))
        } catch {
            mailbox.post(.fault(error))
        }
    }

    /// Reads a clip back for a dispatch.
    func load(_ dispatch: Dispatch, of clip: ClipRecord, for peer: PeerID) {
        lane.post { [mailbox, stores] in
            do {
                let parts = try stores.clips.read(clip.location, clip.sha256)
                mailbox.post(.loaded(peer, dispatch, parts))
            } catch let error as PayloadStoreError where error.code == .unavailable {
                mailbox.post(.disk(.unavailable(dispatch.token)))
            } catch let error as PayloadStoreError where error.code == .damaged {
                Self.logger.error("the clip \(clip.name) of \(clip.machine) is damaged: \(error)")
                mailbox.post(.disk(.unreadable(dispatch.token, .damaged("\(error)"))))
            } catch {
                mailbox.post(.disk(.unreadable(dispatch.token, .unreadable("\(error)"))))
            }
        }
    }

    /// Reads content back for a peer.
    ///
    /// - Parameter amongClips: it is a clip's payload, and lies where clips lie.
    func load(
        _ hash: ContentHash, at location: SegmentLocation, amongClips: Bool, for peer: PeerID, _ request: RequestID?
    ) {
        lane.post { [mailbox, stores] in
            do {
                let parts = try (amongClips ? stores.clips : stores.content).read(location, hash)
                mailbox.post(.read(peer, hash, request, parts))
            } catch let error as PayloadStoreError where error.code == .damaged {
                Self.logger.error("the content \(hash) is damaged: \(error)")
                mailbox.post(.lost(peer, hash, request, .damagedContent(hash)))
            } catch {
                Self.logger.warning("the content \(hash) cannot be read now: \(error)")
                mailbox.post(.lost(peer, hash, request, .unreadableContent(hash)))
            }
        }
    }

    // MARK: retention, which waits for the lane

    /// Of the clips.
    func segments(untouchedForSeconds seconds: Int64) throws -> [Int64] {
        try perform { try $0.clips.segments(untouchedForSeconds: seconds) }
    }

    /// Of the clips.
    func remove(_ segments: [Int64]) throws { try perform { try $0.clips.remove(segments) } }

    private func perform<Answer: Sendable>(_ body: @escaping @Sendable (Stores) throws -> Answer) throws -> Answer {
        let answers = try Mailbox<Result<Answer, any Error>>()
        lane.post { [stores] in answers.post(Result { try body(stores) }) }
        guard let answer = answers.waitAndDrain().first else {
            preconditionFailure("the mailbox woke without an answer")
        }
        return try answer.get()
    }
}
