internal import Brokerage
internal import Messaging
internal import Plant

/// The broker's disk: two segment stores on a thread of their own.
///
/// What is to be stored is checked against its hash here, so that the broker's thread touches no payload.
final class BrokerDisk: Sendable {
    private let lane: SerialLane
    private let mailbox: Mailbox<BrokerNote>
    private let stores: Stores

    /// Used on the lane only, after init.
    private final class Stores: @unchecked Sendable {
        let clips: SegmentStore
        let content: SegmentStore

        init(directory: String) throws {
            clips = try SegmentStore(directory: "\(directory)/clips")
            content = try SegmentStore(directory: "\(directory)/content")
        }
    }

    /// An item of an order with its bytes.
    struct Item: Sendable {
        let sha256: ContentHash
        let parts: [Frame]

        var isSound: Bool {
            ContentHash { update in
                for part in parts { part.withUnsafeBytes { update($0) } }
            } == sha256
        }
    }

    init(directory: String, mailbox: Mailbox<BrokerNote>) throws {
        self.mailbox = mailbox
        stores = try Stores(directory: directory)
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
        _ items: [Item], in store: SegmentStore, _ mailbox: Mailbox<BrokerNote>, full: DiskAnswer,
        stored: ([SegmentLocation?]) -> DiskAnswer
    ) {
        do {
            let verdicts = items.map(\.isSound)
            var locations = try store.append(zip(items, verdicts).filter(\.1).map(\.0.parts))[...]
            mailbox.post(.disk(stored(verdicts.map { $0 ? locations.popFirst() : nil })))
        } catch let error as SegmentStoreError where error.code == .full {
            mailbox.post(.disk(full))
        } catch {
            mailbox.post(.fault(error))
        }
    }

    /// Reads a clip back for a dispatch.
    func load(_ dispatch: Dispatch, at location: SegmentLocation, for peer: PeerID) {
        lane.post { [mailbox, stores] in
            do {
                let parts = try stores.clips.read(location)
                mailbox.post(.loaded(peer, .dispatch(dispatch), parts))
            } catch {
                mailbox.post(.disk(.unreadable(dispatch.token, reason: "\(error)")))
            }
        }
    }

    /// Reads content back for a peer.
    func load(_ hash: ContentHash, at location: SegmentLocation, for peer: PeerID) {
        lane.post { [mailbox, stores] in
            do {
                let parts = try stores.content.read(location)
                mailbox.post(.loaded(peer, .content(hash, .content(location)), parts))
            } catch {
                mailbox.post(.lost(peer, hash))
            }
        }
    }
}
