import Plant

/// From SUBMIT to ACCEPTED.
extension Broker {
    mutating func consider(
        _ submission: Submission, from peer: PeerID, _ request: RequestID?, now: Microseconds
    ) {
        let key = ClipKey(submission.clip)
        let byteCount = submission.blob.byteCount
        func refuse(_ broker: inout Broker, _ refusal: Refusal) {
            broker.counters.rejected += 1
            broker.actions.append(.release(submission.blob))
            broker.tell(peer, .reject(key: submission.clip.key, refusal), to: request)
        }
        /// Tells the gateway to come back after about `milliseconds`, not everybody at once.
        func putOff(_ broker: inout Broker, _ pressure: Pressure, around milliseconds: Int64) {
            broker.actions.append(.release(submission.blob))
            broker.sayBusy(submission.clip.key, to: peer, request, pressure, around: milliseconds)
        }
        guard byteCount <= configuration.payloadLimit else {
            return refuse(&self, .payloadTooLarge(byteCount: byteCount, limit: configuration.payloadLimit))
        }
        guard !submission.follow || followers.count(of: peer) < configuration.followLimit else {
            return putOff(&self, .tooMuchFollowed, around: 1_000)
        }
        if let sha256 = intake.sha256(of: key) {
            guard sha256 == submission.clip.sha256 else { return refuse(&self, .keyConflict) }
            intake.join(key, Intake.Waiter(peer: peer, request: request, follow: submission.follow, charged: 0))
            return actions.append(.release(submission.blob))
        }
        if let known = recent[key] {
            guard known.sha256 == submission.clip.sha256 else { return refuse(&self, .keyConflict) }
            actions.append(.release(submission.blob))
            return accept(
                key.key, job: known.job, duplicate: true, for: peer, request, following: submission.follow)
        }
        guard champions.mayAccept(submission.clip.machine) else {
            return refuse(&self, .unknownMachine(submission.clip.machine))
        }
        if let objection = siteUse.objection(to: submission.clip, now: now) { return refuse(&self, objection) }
        guard champions.areKnown else { return putOff(&self, .starting, around: 100) }
        guard ledger.isUp else { return putOff(&self, .databaseAway, around: 1_000) }
        guard now >= diskFullUntil else { return putOff(&self, .diskFull, around: 1_000) }
        guard clips.count + intake.count < configuration.backlogLimit else {
            return putOff(&self, .backlogFull, around: 1_000)
        }
        guard memory.take(byteCount) else { return putOff(&self, .memoryFull, around: 100) }
        guard peers.charge(peer, byteCount) else {
            memory.giveBack(byteCount)
            return refuse(&self, .overCredit(limit: configuration.creditBytes))
        }
        let waiter = Intake.Waiter(peer: peer, request: request, follow: submission.follow, charged: byteCount)
        intake.admit(submission, waiter: waiter, now: now)
    }

    mutating func sayBusy(
        _ key: String, to peer: PeerID, _ request: RequestID?, _ pressure: Pressure, around milliseconds: Int64
    ) {
        counters.busy += 1
        let pause = milliseconds / 2 + dice.roll(below: milliseconds)
        tell(peer, .busy(key: key, retryAfterMilliseconds: UInt32(pause), pressure), to: request)
    }

    private mutating func accept(
        _ key: String, job: Int64, duplicate: Bool, for peer: PeerID, _ request: RequestID?, following: Bool
    ) {
        if duplicate { counters.duplicates += 1 }
        tell(peer, .accepted(key: key, job: job, duplicate: duplicate), to: request)
        guard following else { return }
        followers.add(Followers.Follower(peer: peer, key: key), to: job)
        // A clip that is not open here may have ended long ago: the ledger knows.
        if clips[job] == nil { inquiries.ask(.fate(job: job), for: peer) }
    }

    // MARK: those who want to know how clips end

    mutating func follow(_ key: String, job: Int64, for peer: PeerID, _ request: RequestID?) {
        if let clip = clips[job]?.clip, clip.key != key || !peers.mayKnow(clip.site, peer) {
            return tell(peer, .reject(key: key, .unknownJob(job)), to: request)
        }
        guard followers.count(of: peer) < configuration.followLimit else {
            return sayBusy(key, to: peer, request, .tooMuchFollowed, around: 1_000)
        }
        followers.add(Followers.Follower(peer: peer, key: key), to: job)
        if clips[job] == nil { inquiries.ask(.fate(job: job), for: peer) }
    }

    /// The ledger has said how clips ended that are not here; those that have not should be.
    mutating func learn(_ jobs: [Int64], _ fates: [ClipFate]) {
        let known = Dictionary(fates.map { ($0.job, $0) }) { first, _ in first }
        for job in jobs {
            let clip = clips[job]?.clip
            guard let owner = known[job].map({ Owner(site: $0.site, key: $0.key) }) ?? clip.map({ Owner($0) }) else {
                for follower in followers.take(job) { turnAway(follower, from: job) }
                continue
            }
            if let outcome = known[job]?.outcome {
                report(outcome, to: owner)
            } else {
                for follower in followers.take(job) {
                    if isOwner(follower, owner) {
                        followers.add(follower, to: job)
                    } else {
                        turnAway(follower, from: job)
                    }
                }
                if clip == nil, recovery.isComplete { findOpenClip(job) }
            }
        }
    }

    /// Tells those who follow a clip how it ended, if it is theirs.
    mutating func report(_ record: OutcomeRecord, to owner: Owner) {
        for follower in followers.take(record.job) {
            if isOwner(follower, owner) {
                tell(follower.peer, .outcome(key: follower.key, record))
            } else {
                turnAway(follower, from: record.job)
            }
        }
    }

    private func isOwner(_ follower: Followers.Follower, _ owner: Owner) -> Bool {
        follower.key == owner.key && peers.mayKnow(owner.site, follower.peer)
    }

    private mutating func turnAway(_ follower: Followers.Follower, from job: Int64) {
        tell(follower.peer, .reject(key: follower.key, .unknownJob(job)))
    }

    // MARK: answers of the lanes

    mutating func bytesAreDurable(batch: Int, _ locations: [SegmentLocation?], now: Microseconds) {
        for ticket in intake.stored(batch: batch, locations, now: now) { dismiss(ticket, .damagedPayload) }
    }

    mutating func diskIsFull(batch: Int, now: Microseconds) {
        diskFullUntil = now + 5_000_000
        for ticket in intake.notStored(batch: batch) {
            close(ticket) { broker, waiter in
                broker.sayBusy(ticket.clip.key, to: waiter.peer, waiter.request, .diskFull, around: 5_000)
            }
        }
    }

    mutating func rowsAreCommitted(batch: Int, _ acceptances: [Acceptance], now: Microseconds) {
        for (ticket, acceptance) in intake.accepted(batch: batch, acceptances) {
            guard acceptance.sameContent else {
                dismiss(ticket, .keyConflict)
                continue
            }
            recent.remember(
                ClipKey(ticket.clip), RecentKeys.Known(job: acceptance.job, sha256: ticket.clip.sha256))
            let isKept = !acceptance.duplicate && admit(ticket, as: acceptance.job, now: now)
            if acceptance.duplicate, ticket.isInDoubt, clips[acceptance.job] == nil {
                // It may be its own duplicate: an earlier commit whose answer was lost.
                findOpenClip(acceptance.job)
            }
            close(ticket, keepingBlob: isKept) { broker, waiter in
                broker.accept(
                    ticket.clip.key, job: acceptance.job, duplicate: acceptance.duplicate, for: waiter.peer,
                    waiter.request, following: waiter.follow)
            }
        }
    }

    /// Queues an accepted clip; returns whether its payload stays in memory.
    private mutating func admit(_ ticket: Intake.Ticket, as number: Int64, now: Microseconds) -> Bool {
        counters.accepted += 1
        siteUse.count(ticket.clip)
        var job = ClipJob(number: number, clip: ticket.clip, acceptedAt: now, failures: 0, forgiven: 0)
        job.isRepeat = contents.isRepeat(ticket.clip)
        if memory.mayKeepAccepted { job.blob = ticket.blob }
        return clips.admit(job, model: self.model(for: ticket.clip)) && job.blob != nil
    }

    /// Refuses a clip whose bytes were taken in already.
    mutating func dismiss(_ ticket: Intake.Ticket, _ refusal: Refusal) {
        counters.rejected += 1
        close(ticket) { broker, waiter in
            broker.tell(waiter.peer, .reject(key: ticket.clip.key, refusal), to: waiter.request)
        }
    }

    /// Gives back what a clip on its way took, and answers everybody who waits for it.
    private mutating func close(
        _ ticket: Intake.Ticket, keepingBlob: Bool = false, answer: (inout Broker, Intake.Waiter) -> Void
    ) {
        if !keepingBlob { drop(ticket.blob) }
        for waiter in ticket.waiters {
            peers.credit(waiter.peer, waiter.charged)
            answer(&self, waiter)
        }
    }

    /// Lets go of a clip's payload.
    mutating func drop(_ blob: Blob) {
        memory.giveBack(blob.byteCount)
        actions.append(.release(blob))
    }
}

/// Whose a clip is: who knows its key and may know its site.
struct Owner {
    let site: String
    let key: String

    init(site: String, key: String) { (self.site, self.key) = (site, key) }

    init(_ clip: ClipRecord) { self.init(site: clip.site, key: clip.key) }
}
