internal import Brokerage
internal import Messaging
internal import Plant
internal import Wire

/// Content on its way to those who asked for it.
extension BrokerTerm {
    /// Sends content, or lets it wait for its turn.
    func tell(_ hash: ContentHash, _ payload: Payload, to peer: PeerID) throws {
        switch payload {
        case .memory(let blob) where isNext(peer) && line(of: peer).unread.hasRoom():
            try send(.content(hash, payload), payload: payloads[blob.number] ?? [], to: peer)
        case .content(let location): try queue(.stored(hash, location), for: peer)
        default: try queue(.shelved(hash), for: peer)
        }
    }

    /// What the disk has read has come, or cannot.
    func hasRead(for peer: PeerID, _ answer: Answer, payload: [Frame]) throws {
        lines[peer]?.hasRead()
        try send(answer, payload: payload, to: peer)
        try serve(peer)
    }

    /// Gives a peer what waits for it, as far as it has room.
    func serve(_ peer: PeerID) throws {
        while let entry = lines[peer]?.next() {
            switch entry {
            case .stored(let hash, let location): lanes.disk.load(hash, at: location, for: peer)
            case .shelved(let hash): try askAgain(hash, for: peer)
            }
        }
    }

    /// The answer does not belong to the request at hand.
    private func askAgain(_ hash: ContentHash, for peer: PeerID) throws {
        let former = (request, served)
        defer { (request, served) = former }
        (request, served) = (nil, peer)
        try handle(.said(peer, .fetch(hash)))
    }

    /// Whether content for a peer has nothing to wait for but room.
    private func isNext(_ peer: PeerID) -> Bool { served == peer || lines[peer]?.count ?? 0 == 0 }

    /// The frames, counted as unread until the peer has taken them.
    func counted(_ payload: [Frame], to peer: PeerID) -> [Frame] {
        payload.isEmpty ? [] : payload.map(line(of: peer).unread.counting)
    }

    private func queue(_ entry: ContentLine.Entry, for peer: PeerID) throws {
        guard sessions[peer] != nil else { return }
        guard lines[peer]?.count ?? 0 < configuration.unreadAnswers else {
            return try expel(peer, WireError(.notReading, "the content asked for is not read: say HELLO again"))
        }
        var line = line(of: peer)
        line.append(entry)
        lines[peer] = line
        try serve(peer)
    }

    private func line(of peer: PeerID) -> ContentLine {
        if let line = lines[peer] { return line }
        let line = ContentLine(
            UnreadBytes(limit: configuration.unreadBytes) { [mailbox = lanes.mailbox] in
                mailbox.post(.relieved(peer))
            })
        lines[peer] = line
        return line
    }
}
