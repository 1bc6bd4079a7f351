import Plant

/// What the disk and the database answer.
extension Broker {
    mutating func handle(_ answer: DiskAnswer, now: Microseconds) {
        switch answer {
        case .storedClips(let batch, let locations): bytesAreDurable(batch: batch, locations, now: now)
        case .storedContent(let batch, let locations): contentIsDurable(batch: batch, locations, now: now)
        case .checked(let batch, let verdicts): contentIsChecked(batch: batch, verdicts)
        case .full(let batch, .clips): diskIsFull(batch: batch, now: now)
        case .full(let batch, .content): contentDoesNotFit(batch: batch, now: now)
        case .unreadable(let token, let failure):
            guard let lease = leases.end(token, now: now) else { return }
            charge(lease.job, failure, worker: workers[lease.worker]?.name ?? "", now: now)
        case .unavailable(let token):
            guard let lease = leases.end(token, now: now), case .clip(let number) = lease.job else { return }
            clips.pause(number, until: now + configuration.renewalInterval)
        }
    }

    mutating func handle(_ answer: LedgerAnswer, now: Microseconds) {
        if case .failed(let subject, let fault) = answer { return handle(fault, of: subject, now: now) }
        ledger.answered()
        actions += questions.map { .ledger($0) }
        questions = []
        switch answer {
        case .accepted(let batch, let acceptances): rowsAreCommitted(batch: batch, acceptances, now: now)
        case .recorded(let batch): outcomesAreCommitted(batch: batch)
        case .recordedContent(let batch): contentIsRecorded(batch: batch)
        case .pending(let page, let wallClock): takeIn(page, wallClock: wallClock, now: now)
        case .openClip(let job, let clip, let wallClock):
            doubtful.remove(job)
            clip.map { takeIn($0, wallClock: wallClock, now: now) }
        case .renewed(let champions, let orders):
            isRenewing = false
            trustedUntil = renewalAskedAt + configuration.trustWindow
            obey(orders, champions: champions, now: now)
        case .found(let fates, let contents): hearFindings(fates, contents)
        case .recordedWorkers: roster.wasTold()
        case .openClips(let found, let wallClock): takeBack(found, wallClock: wallClock, now: now)
        case .closedOrder, .failed: break
        }
    }

    /// A page of the clips that were open when this broker started.
    private mutating func takeIn(_ page: [PendingClip], wallClock: Int64, now: Microseconds) {
        for pending in page { takeIn(pending, wallClock: wallClock, now: now) }
        recovery.endPage(last: page.last?.job, isShort: page.count < configuration.recoveryPage)
    }

    mutating func takeIn(_ pending: PendingClip, wallClock: Int64, now: Microseconds) {
        let job = ClipJob(
            number: pending.job, clip: pending.clip, acceptedAt: now - max(wallClock - pending.acceptedAt, 0),
            failures: pending.attempts, forgiven: pending.forgiven)
        guard clips.admit(job, model: model(for: pending.clip), reserve: !recovery.reservationsEnded) else { return }
        desk.mustLook = true
        guard let claim = recovery.takeClaim(.clip(pending.job)) else { return }
        adopt(.clip(pending.job), under: claim.token, by: claim.worker, now: now)
    }

    private mutating func hearFindings(_ fates: [ClipFate], _ contents: [(hash: ContentHash, place: ContentPlace)]) {
        let jobs = inquiries.landed()
        learn(jobs, fates)
        for (hash, place) in contents { contentIsFound(hash, place) }
    }

    mutating func findOpenClip(_ job: Int64) {
        doubtful.insert(job)
        actions.append(.ledger(.findOpenClip(job: job)))
    }

    // MARK: faults

    private mutating func handle(_ fault: LedgerAnswer.Fault, of subject: LedgerOrder.Subject, now: Microseconds) {
        switch fault {
        case .fenced:
            actions = stepDown("another broker has taken over with a later epoch than \(epoch)")
        case .unreachable:
            ledger.failed(now: now, dice: &dice)
            tryAgain(subject)
        case .refused(let reason):
            ledger.answered()
            giveUp(subject, reason, now: now)
        }
    }

    private mutating func tryAgain(_ subject: LedgerOrder.Subject) {
        switch subject {
        case .accept(let batch): intake.notCommitted(batch: batch)
        case .record(let batch): outbox.notRecorded(batch: batch)
        case .recordContent(let batch): deposits.notRecorded(batch: batch)
        case .pending: recovery.failPage()
        case .openClip(let job): questions.append(.findOpenClip(job: job))
        case .renewal: isRenewing = false
        case .inquiry: questions.append(inquiries.unanswered)
        case .workers: roster.wasNotTold()
        case .openClips(let jobs): questions.append(.findOpenClips(jobs))
        case .closing(let number, let clips): questions.append(.closeOrder(number, clips: clips))
        }
    }

    private mutating func giveUp(_ subject: LedgerOrder.Subject, _ reason: String, now: Microseconds) {
        switch subject {
        case .accept(let batch):
            intake.refused(batch: batch).map { dismiss($0, .refusedByDatabase(reason)) }
        case .record(let batch):
            guard !outbox.refused(batch: batch, .unrecordable(reason)) else { return }
            ledger.failed(now: now, dice: &dice)
        case .recordContent, .pending, .openClip, .renewal, .inquiry, .workers, .openClips,
            .closing:
            ledger.failed(now: now, dice: &dice)
            tryAgain(subject)
        }
    }
}
