import Plant

/// Content by hash: data sets, weights, model files.
extension Broker {
    mutating func keep(_ put: Put, from peer: PeerID, now: Microseconds) {
        let key = put.sha256.description
        let byteCount = put.blob.byteCount
        guard byteCount <= configuration.payloadLimit else {
            counters.rejected += 1
            actions.append(.release(put.blob))
            return tell(
                peer,
                .reject(key: key, .payloadTooLarge(byteCount: byteCount, limit: configuration.payloadLimit)))
        }
        let mayStore = !put.durable || (ledger.isUp && now >= diskFullUntil)
        guard mayStore, memory.take(byteCount) else {
            actions.append(.release(put.blob))
            let pressure: Pressure = mayStore ? .memoryFull : ledger.isUp ? .diskFull : .databaseAway
            return sayBusy(key, to: peer, pressure, around: mayStore ? 100 : 1_000)
        }
        guard peers.charge(peer, byteCount) else {
            memory.giveBack(byteCount)
            counters.rejected += 1
            actions.append(.release(put.blob))
            return tell(peer, .reject(key: key, .overCredit(limit: configuration.creditBytes)))
        }
        deposits.admit(put, from: peer, now: now)
    }

    mutating func find(_ hash: ContentHash, for peer: PeerID, now: Microseconds) {
        if let blob = shelf.find(hash) { return tell(peer, .content(hash, .memory(blob))) }
        if fetches[hash] == nil { actions.append(.ledger(.findContent(hash))) }
        fetches[hash, default: []].append(peer)
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
            tell(ticket.peer, .stored(ticket.put.sha256))
        }
    }

    private mutating func dismiss(_ ticket: Deposits.Ticket) {
        counters.rejected += 1
        tell(ticket.peer, .reject(key: ticket.put.sha256.description, .damagedPayload))
    }

    mutating func contentDoesNotFit(batch: Int, now: Microseconds) {
        diskFullUntil = now + 5_000_000
        for ticket in deposits.notStored(batch: batch) {
            close(ticket)
            sayBusy(ticket.put.sha256.description, to: ticket.peer, .diskFull, around: 5_000)
        }
    }

    mutating func contentIsRecorded(batch: Int) {
        for ticket in deposits.recorded(batch: batch) {
            close(ticket)
            tell(ticket.peer, .stored(ticket.put.sha256))
        }
    }

    private mutating func close(_ ticket: Deposits.Ticket) {
        peers.credit(ticket.peer, ticket.put.blob.byteCount)
        drop(ticket.put.blob)
    }

    /// The ledger has said where some content is.
    mutating func contentIsFound(_ hash: ContentHash, _ payload: Payload) {
        if case .none = payload { return contentIsMissing(hash, .unknownContent(hash)) }
        if case .memory(let blob) = payload { shelve(hash, blob) }
        for peer in fetches.removeValue(forKey: hash) ?? [] { tell(peer, .content(hash, payload)) }
    }

    mutating func contentIsMissing(_ hash: ContentHash, _ refusal: Refusal) {
        for peer in fetches.removeValue(forKey: hash) ?? [] {
            tell(peer, .reject(key: hash.description, refusal))
        }
    }

    private mutating func shelve(_ hash: ContentHash, _ blob: Blob) {
        for fallen in shelf.keep(hash, blob) { actions.append(.release(fallen)) }
    }
}
