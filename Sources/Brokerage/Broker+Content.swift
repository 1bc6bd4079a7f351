import Plant

/// What a peer asked for.
struct Fetch {
    let peer: PeerID
    let request: RequestID?
    /// It was promised before, and the peer had no room for it.
    let hasWaited: Bool
}

/// Content by hash: data sets, weights, model files.
extension Broker {
    mutating func keep(_ put: Put, from peer: PeerID, _ request: RequestID?, now: Microseconds) {
        let key = put.sha256.description
        let byteCount = put.blob.byteCount
        guard byteCount <= configuration.payloadLimit else {
            counters.rejected += 1
            actions.append(.release(put.blob))
            return tell(
                peer,
                .reject(key: key, .payloadTooLarge(byteCount: byteCount, limit: configuration.payloadLimit)),
                to: request)
        }
        let mayStore = !put.durable || (ledger.isUp && now >= diskFullUntil)
        guard mayStore, memory.take(byteCount) else {
            actions.append(.release(put.blob))
            let pressure: Pressure = mayStore ? .memoryFull : ledger.isUp ? .diskFull : .databaseAway
            return sayBusy(key, to: peer, request, pressure, around: mayStore ? 100 : 1_000)
        }
        guard peers.charge(peer, byteCount) else {
            memory.giveBack(byteCount)
            counters.rejected += 1
            actions.append(.release(put.blob))
            return tell(peer, .reject(key: key, .overCredit(limit: configuration.creditBytes)), to: request)
        }
        deposits.admit(put, from: peer, request, now: now)
    }

    mutating func fetch(_ hash: ContentHash, for peer: PeerID, _ request: RequestID?) {
        guard peers[peer]?.fetches ?? 0 < configuration.fetchLimit else {
            return sayBusy(hash.description, to: peer, request, .tooMuchFetched, around: 1_000)
        }
        find(hash, for: Fetch(peer: peer, request: request, hasWaited: false))
    }

    mutating func find(_ hash: ContentHash, for fetch: Fetch) {
        if let blob = shelf.find(hash) { return deliver(hash, .memory(blob), to: fetch) }
        fetches[hash, default: []].append(fetch)
        peers.countFetch(fetch.peer, 1)
        inquiries.ask(.content(hash), for: fetch.peer)
    }

    private mutating func deliver(_ hash: ContentHash, _ payload: Payload, to fetch: Fetch) {
        tell(fetch.peer, .content(hash, payload, inTurn: fetch.hasWaited), to: fetch.request)
    }

    // MARK: answers of the lanes

    mutating func contentIsDurable(batch: Int, _ locations: [SegmentLocation?], now: Microseconds) {
        for ticket in deposits.stored(batch: batch, locations, now: now) {
            close(ticket)
            dismiss(ticket)
        }
    }

    mutating func contentIsChecked(batch: Int, _ verdicts: [Bool]) {
        for (ticket, isSound) in deposits.checked(batch: batch, verdicts) {
            guard isSound else {
                close(ticket)
                dismiss(ticket)
                continue
            }
            peers.credit(ticket.peer, ticket.put.blob.byteCount)
            memory.giveBack(ticket.put.blob.byteCount)
            shelve(ticket.put.sha256, ticket.put.blob)
            tell(ticket.peer, .stored(ticket.put.sha256), to: ticket.request)
        }
    }

    private mutating func dismiss(_ ticket: Deposits.Ticket) {
        counters.rejected += 1
        tell(ticket.peer, .reject(key: ticket.put.sha256.description, .damagedPayload), to: ticket.request)
    }

    mutating func contentDoesNotFit(batch: Int, now: Microseconds) {
        diskFullUntil = now + 5_000_000
        for ticket in deposits.notStored(batch: batch) {
            close(ticket)
            sayBusy(ticket.put.sha256.description, to: ticket.peer, ticket.request, .diskFull, around: 5_000)
        }
    }

    mutating func contentIsRecorded(batch: Int) {
        for ticket in deposits.recorded(batch: batch) {
            close(ticket)
            tell(ticket.peer, .stored(ticket.put.sha256), to: ticket.request)
        }
    }

    private mutating func close(_ ticket: Deposits.Ticket) {
        peers.credit(ticket.peer, ticket.put.blob.byteCount)
        drop(ticket.put.blob)
    }

    /// The ledger has said where some content is.
    mutating func contentIsFound(_ hash: ContentHash, _ place: ContentPlace) {
        switch place {
        case .at(let payload): contentIsFound(hash, payload)
        case .unknown: contentIsMissing(hash, .unknownContent(hash))
        case .damaged: contentIsMissing(hash, .damagedContent(hash))
        }
    }

    private mutating func contentIsFound(_ hash: ContentHash, _ payload: Payload) {
        if case .memory(let blob) = payload { shelve(hash, blob) }
        for fetch in take(fetches: hash) { deliver(hash, payload, to: fetch) }
    }

    private mutating func contentIsMissing(_ hash: ContentHash, _ refusal: Refusal) {
        for fetch in take(fetches: hash) {
            tell(fetch.peer, .reject(key: hash.description, refusal), to: fetch.request)
        }
    }

    private mutating func take(fetches hash: ContentHash) -> [Fetch] {
        let waiting = fetches.removeValue(forKey: hash) ?? []
        for fetch in waiting { peers.countFetch(fetch.peer, -1) }
        return waiting
    }

    private mutating func shelve(_ hash: ContentHash, _ blob: Blob) {
        for fallen in shelf.keep(hash, blob) { actions.append(.release(fallen)) }
    }
}
