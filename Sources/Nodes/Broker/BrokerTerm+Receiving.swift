internal import Brokerage
internal import Logging
internal import Messaging
internal import Plant
internal import Wire

/// From frames to events.
extension BrokerTerm {
    func hear(_ message: Messaging.Message) throws {
        guard let route = message.route, !misconduct.isOver(route) else { return }
        switch message.decoded() {
        case .invalid(let error, let sequence):
            try refuse(error, sequence: sequence, on: route)
        case .refused(let envelope, let flaw):
            let error = objection(to: envelope.message, of: message.user) ?? flaw
            try refuse(error, key: envelope.message.key, sequence: envelope.sequence, on: route)
            guard error == flaw, case .result(let result) = envelope.message else { return }
            try conclude(result, with: flaw, on: route)
        case .envelope(let envelope):
            if let error = objection(to: envelope.message, of: message.user) {
                return try refuse(error, key: envelope.message.key, sequence: envelope.sequence, on: route)
            }
            if case .hello(let hello) = envelope.message {
                return try greet(hello, envelope, of: message.user, on: route)
            }
            try hear(envelope, payload: message.payload, on: route)
        }
    }

    /// A worker would send a RESULT that cannot be taken again and again; so it counts as a failure of its job.
    private func conclude(_ result: WireResult, with flaw: WireError, on route: Route) throws {
        guard let (peer, lane) = sessions.speaker(on: route), let session = sessions[peer], session.isComplete,
            Command.result.rule.allows(session.role, on: lane) == nil
        else { return }
        let failure = Failure(
            code: Int(flaw.code.rawValue), reason: "the worker's RESULT was refused: \(flaw.reason)", permanent: false)
        let report = Report(token: Token(rawValue: result.token), job: nil, ending: .failed(failure))
        try handle(.said(peer, .result(report)))
    }

    /// Why the owner of a key may not say this; nil when he may, and while connections are plain.
    private func objection(to message: WireMessage, of user: CurveKey?) -> WireError? {
        guard configuration.security != .plain else { return nil }
        guard let principal = user.flatMap({ porter.principal(of: $0) }) else {
            return WireError(.unknownKey, "the key of this connection is not allowed: type 'auscult keys allow'")
        }
        switch message {
        case .hello(let hello) where Parties(hello.role) != Parties(principal.role):
            return WireError(.notAllowed, "the key of \(principal.name) is that of a \(principal.role.rawValue)")
        case .submit(let submit) where principal.site != nil && principal.site != submit.site:
            return WireError(.unknownSite, "\(principal.name) may push for site \(principal.site ?? "") only")
        default: return nil
        }
    }

    private func greet(_ hello: WireHello, _ envelope: Envelope, of user: CurveKey?, on route: Route) throws {
        if let error = hello.flaw { return try refuse(error, sequence: envelope.sequence, on: route) }
        let site = user.flatMap { porter.principal(of: $0)?.site }
        switch sessions.greet(hello, on: route, user: user, site: site, now: SteadyClock.microseconds) {
        case .failure(let error):
            try refuse(error, sequence: envelope.sequence, on: route)
        case .success(let greeted):
            // Of two workers with one name the broker itself decides: the older one's jobs count as lost.
            if let replaced = greeted.replaced, hello.role != .worker {
                try expel(replaced, WireError(.duplicatePeer, "another session has come under this name and key"))
            }
            guard let session = sessions[greeted.peer], session.isComplete, let introduction = session.introduction
            else { return }
            sessions.introduced(greeted.peer)
            logger.debug("hello", metadata: ["peer": "\(introduction.name)", "role": "\(introduction.role)"])
            try handle(.said(greeted.peer, .hello(introduction), request: envelope.request))
        }
    }

    private func hear(_ envelope: Envelope, payload: ArraySlice<Frame>, on route: Route) throws {
        guard let (peer, lane) = sessions.speaker(on: route), let session = sessions[peer] else {
            let error = WireError(.notWelcomed, "say HELLO first: this broker does not know this connection")
            return try refuse(error, key: envelope.message.key, sequence: envelope.sequence, on: route)
        }
        // Its other connection is on the way.
        guard session.isComplete else { return }
        if let code = envelope.message.command.rule.allows(session.role, on: lane) {
            let error = WireError(code, "\(envelope.message.command.rule.name) is not for a \(session.role) on \(lane)")
            return try refuse(error, key: envelope.message.key, sequence: envelope.sequence, on: route)
        }
        switch event(of: envelope.message, payload: payload) {
        case .success(let message):
            try handle(.said(peer, message, request: envelope.request))
        case .failure(let error):
            try refuse(error, key: envelope.message.key, sequence: envelope.sequence, on: route)
        }
    }

    private func event(of message: WireMessage, payload: ArraySlice<Frame>) -> Result<Brokerage.Message, WireError> {
        switch message {
        case .heartbeat(let heartbeat): return .success(.heartbeat(Heartbeat(heartbeat)))
        case .goodbye: return .success(.goodbye)
        case .submit(let submit):
            return submit.clip(payload: payload).map { clip in
                .submit(Submission(clip: clip, blob: keep(payload), follow: submit.follow))
            }
        case .follow(let follow): return .success(.follow(key: follow.key, job: follow.job))
        case .result(let result):
            guard let report = Report(result, output: { keep(payload) }) else {
                return .failure(WireError(.badField, "a RESULT without outcome or without the hash of its output"))
            }
            return .success(.result(report))
        case .put(let put):
            guard let hash = ContentHash(bytes: put.sha256) else { return .failure(.badHash) }
            return .success(.put(Put(sha256: hash, blob: keep(payload), durable: put.durable)))
        case .fetch(let fetch):
            guard let hash = ContentHash(bytes: fetch.sha256) else { return .failure(.badHash) }
            return .success(.fetch(hash))
        case .askShards(let asked): return .success(.askShards(asked.shards.map { Shard($0) }))
        case .forgetShards(let run): return .success(.forgetShards(run: run.run))
        case .askStatus: return .success(.askStatus)
        case .drainWorker(let drain): return .success(.drainWorker(name: drain.worker))
        default:
            return .failure(WireError(.notAllowed, "\(message.command.rule.name) is for the broker to say"))
        }
    }

    private func refuse(_ error: WireError, key: String = "", sequence: UInt32, on route: Route) throws {
        porter.count(error.code)
        // Whoever sends an endless key does not get it back.
        let key = key.utf8.count <= MessageLimits.nameBytes && key.isPlain ? key : ""
        logger.debug("refused", metadata: ["error": "\(error)", "key": "\(key)"])
        let envelope = Envelope(.reject(error, key: key), sequence: sequence)
        // Known peers read refusals on their control connection.
        let speaker = sessions.speaker(on: route)?.peer
        let known = speaker.flatMap { sessions[$0]?.control }
        _ = try socket.send(Message(envelope, to: known ?? route))
        guard misconduct.note(error.code, on: route, now: SteadyClock.microseconds) else { return }
        let last = WireError(
            .dropped, "too much of what this connection sends is none of the protocol's: it is ignored")
        if let speaker { return try expel(speaker, last) }
        porter.count(.dropped)
        _ = try socket.send(Message(Envelope(.reject(last)), to: route))
    }

    /// Ends the sessions of those whose key is not allowed any more.
    func expelStrangers() throws {
        for peer in sessions.peers(where: { $0.user.map { porter.principal(of: $0) == nil } ?? true }) {
            try expel(peer, WireError(.unknownKey, "the key of this connection is not allowed any more"))
        }
    }

    /// Ends a session against the peer's will; what it has in hand goes elsewhere.
    func expel(_ peer: PeerID, _ error: WireError) throws {
        porter.count(error.code)
        logger.warning("\(sessions[peer]?.introduction?.name ?? "a peer") is shut out: \(error)")
        if let control = sessions[peer]?.control { _ = try socket.send(Message(Envelope(.reject(error)), to: control)) }
        try handle(.said(peer, .goodbye))
        forget(peer)
    }
}

extension Envelope {
    /// What its answers are to name; nil where the sender does not number what it says.
    fileprivate var request: RequestID? { sequence == 0 ? nil : RequestID(sequence: sequence) }
}

extension WireError {
    fileprivate static let badHash = WireError(.badField, "a SHA-256 has 32 bytes")
}

extension WireMessage {
    /// What a refusal is to name.
    fileprivate var key: String {
        switch self {
        case .submit(let submit): submit.key
        case .put(let put): ContentHash(bytes: put.sha256)?.description ?? ""
        case .fetch(let fetch): ContentHash(bytes: fetch.sha256)?.description ?? ""
        case .follow(let follow): follow.key
        case .drainWorker(let drain): drain.worker
        default: ""
        }
    }
}
