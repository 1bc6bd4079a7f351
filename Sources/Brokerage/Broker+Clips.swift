import Plant

/// From SUBMIT to ACCEPTED.
extension Broker {
    mutating func consider(_ submission: Submission, from peer: PeerID, now: Microseconds) {
        let key = ClipKey(submission.clip)
        let byteCount = submission.blob.byteCount
        guard byteCount <= configuration.payloadLimit else {
            return refuse(
                submission, peer, .payloadTooLarge(byteCount: byteCount, limit: configuration.payloadLimit))
        }
        if let sha256 = intake.sha256(of: key) {
            guard sha256 == submission.clip.sha256 else { return refuse(submission, peer, .keyConflict) }
            intake.join(key, Intake.Waiter(peer: peer, follow: submission.follow, charged: 0))
            return actions.append(.release(submission.blob))
        }
        if let known = recent[key] {
            guard known.sha256 == submission.clip.sha256 else { return refuse(submission, peer, .keyConflict) }
            actions.append(.release(submission.blob))
            return accept(key.key, job: known.job, duplicate: true, for: peer, follow: submission.follow)
        }
        guard champions.mayAccept(submission.clip.machine) else {
            return refuse(submission, peer, .unknownMachine(submission.clip.machine))
        }
        guard champions.areKnown else { return putOff(submission, peer, .starting, around: 100) }
        guard ledger.isUp else { return putOff(submission, peer, .databaseAway, around: 1_000) }
        guard now >= diskFullUntil else { return putOff(submission, peer, .diskFull, around: 1_000) }
        guard clips.count + intake.count < configuration.backlogLimit else {
            return putOff(submission, peer, .backlogFull, around: 1_000)
        }
        guard memory.take(byteCount) else { return putOff(submission, peer, .memoryFull, around: 100) }
        guard peers.charge(peer, byteCount) else {
            memory.giveBack(byteCount)
            return refuse(submission, peer, .overCredit(limit: configuration.creditBytes))
        }
        let waiter = Intake.Waiter(peer: peer, follow: submission.follow, charged: byteCount)
        intake.admit(submission, waiter: waiter, now: now)
    }

    private mutating func refuse(_ submission: Submission, _ peer: PeerID, _ refusal: Refusal) {
        counters.rejected += 1
        actions.append(.release(submission.blob))
        tell(peer, .reject(key: submission.clip.key, refusal))
    }

    /// Tells the gateway to come back after about `milliseconds`, not everybody at once.
    private mutating func putOff(
        _ submission: Submission, _ peer: PeerID, _ pressure: Pressure, around milliseconds: Int64
    ) {
        actions.append(.release(submission.blob))
        sayBusy(submission.clip.key, to: peer, pressure, around: milliseconds)
    }

    mutating func sayBusy(_ key: String, to peer: PeerID, _ pressure: Pressure, around milliseconds: Int64) {
        counters.busy += 1
        let pause = milliseconds / 2 + dice.roll(below: milliseconds)
        tell(peer, .busy(key: key, retryAfterMilliseconds: UInt32(pause), pressure))
    }

    private mutating func accept(_ key: String, job: Int64, duplicate: Bool, for peer: PeerID, follow: Bool) {
        if duplicate { counters.duplicates += 1 }
        tell(peer, .accepted(key: key, job: job, duplicate: duplicate))
        if follow { self.follow(key, job: job, for: peer) }
    }

    mutating func follow(_ key: String, job: Int64, for peer: PeerID) {
        followers.add(Followers.Follower(peer: peer, key: key), to: job)
        // A clip that is not open here may have ended long ago: the ledger knows.
        if clips[job] == nil { actions.append(.ledger(.findOutcome(job: job))) }
    }

    // MARK: answers of the lanes

    mutating func bytesAreDurable(batch: Int, _ locations: [SegmentLocation?], now: Microseconds) {
        for ticket in intake.stored(batch: batch, locations, now: now) { dismiss(ticket, .damagedPayload) }
    }

    mutating func diskIsFull(batch: Int, now: Microseconds) {
        diskFullUntil = now + 5_000_000
        for ticket in intake.notStored(batch: batch) {
            close(ticket) { broker, waiter in
                broker.sayBusy(ticket.clip.key, to: waiter.peer, .diskFull, around: 5_000)
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
                    follow: waiter.follow)
            }
        }
    }

    /// Queues an accepted clip; returns whether its payload stays in memory.
    private mutating func admit(_ ticket: Intake.Ticket, as number: Int64, now: Microseconds) -> Bool {
        counters.accepted += 1
        var job = ClipJob(number: number, clip: ticket.clip, acceptedAt: now, failures: 0, forgiven: 0)
        job.isRepeat = contents.isRepeat(ticket.clip)
        if memory.mayKeepAccepted { job.blob = ticket.blob }
        return clips.admit(job, model: self.model(for: ticket.clip)) && job.blob != nil
    }

    /// Refuses a clip whose bytes were taken in already.
    mutating func dismiss(_ ticket: Intake.Ticket, _ refusal: Refusal) {
        counters.rejected += 1
        close(ticket) { broker, waiter in broker.tell(waiter.peer, .reject(key: ticket.clip.key, refusal)) }
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
