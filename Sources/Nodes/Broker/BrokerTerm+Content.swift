internal import Brokerage
internal import Messaging
internal import Plant
internal import Wire

/// Content on its way to those who asked for it.
extension BrokerTerm {
    /// Sends content, or lets it wait for its turn.
    func tell(
        _ hash: ContentHash, _ payload: Payload, inTurn: Bool, to peer: PeerID, _ request: RequestID?
    ) throws {
        let isNext = inTurn || lines[peer]?.count ?? 0 == 0
        switch payload {
        case .memory(let blob) where isNext && line(of: peer).unread.hasRoom():
            try send(
                .content(hash, payload, inTurn: inTurn), payload: payloads[blob.number] ?? [], to: peer, request)
        case .content(let location): try queue(.stored(hash, location, isClip: false, request), for: peer)
        case .clip(let location): try queue(.stored(hash, location, isClip: true, request), for: peer)
        default: try queue(.shelved(hash, request), for: peer)
        }
    }

    /// What the disk has read has come.
    func hasRead(_ hash: ContentHash, _ payload: [Frame], for peer: PeerID, _ request: RequestID?) throws {
        lines[peer]?.hasRead()
        try send(.content(hash, .none, inTurn: true), payload: payload, to: peer, request)
        try serve(peer)
    }

    /// What was to be read cannot be.
    func isLost(_ hash: ContentHash, _ refusal: Refusal, for peer: PeerID, _ request: RequestID?) throws {
        lines[peer]?.hasRead()
        try send(.reject(key: hash.description, refusal), payload: [], to: peer, request)
        try serve(peer)
    }

    /// Gives a peer what waits for it, as far as it has room.
    func serve(_ peer: PeerID) throws {
        while let entry = lines[peer]?.next() {
            switch entry {
            case .stored(let hash, let location, let isClip, let request):
                lanes.disk.load(hash, at: location, amongClips: isClip, for: peer, request)
            case .shelved(let hash, let request): try handle(.hasRoom(peer, hash, request: request))
            }
        }
    }

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
