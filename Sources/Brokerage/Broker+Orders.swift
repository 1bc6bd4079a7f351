import Plant

/// What operators want, carried out.
extension Broker {
    mutating func obey(_ orders: [OperatorOrder], champions new: [Champion], now: Microseconds) {
        let isOtherModel = champions.replace(by: new)
        let isOtherPause = desk.learn(orders)
        if isOtherModel || isOtherPause { clips.rearrange(model: choice) }
        workOnOrders(now: now)
    }

    /// Carries out what can be; an order that cannot be finished yet holds up those after it.
    mutating func workOnOrders(now: Microseconds) {
        while let order = desk.present {
            switch order.action {
            case .cancel, .cancelJobs:
                cancelClips(order, now: now)
                guard knowsAllClips, !desk.awaitsCommits else { return }
                actions.append(.ledger(desk.close()))
            case .retry(let jobs):
                guard !desk.hasAsked, clips.count < configuration.backlogLimit else { return }
                desk.hasAsked = true
                return actions.append(.ledger(.findOpenClips(jobs)))
            case .pause:
                preconditionFailure("a pause is nothing to carry out")
            }
        }
    }

    /// No clip is open in the ledger without being here.
    private var knowsAllClips: Bool { recovery.isComplete && !intake.hasDoubts && doubtful.isEmpty }

    /// The clips of the order to retry that is being carried out.
    mutating func takeBack(_ revived: [PendingClip], wallClock: Int64, now: Microseconds) {
        for clip in revived { takeIn(clip, wallClock: wallClock, now: now) }
        guard desk.hasAsked else { return }
        actions.append(.ledger(desk.close(touching: revived.count)))
        workOnOrders(now: now)
    }

    private mutating func cancelClips(_ order: OperatorOrder, now: Microseconds) {
        guard desk.mustLook else { return }
        desk.mustLook = false
        let failure = Failure.cancelled(by: order.givenBy, reason: order.reason)
        for job in clips.all.filter({ order.cancels($0) }).sorted(by: { $0.number < $1.number }) {
            desk.await(job.number)
            guard job.state != .concluded else { continue }
            desk.touched += 1
            if let lease = leases.lease(on: .clip(job.number)) { void(lease, now: now) }
            let record = OutcomeRecord(
                job: job.number, attempt: job.failures, worker: "",
                ending: .dead(code: failure.code, reason: failure.reason))
            settle(record, acknowledging: [], now: now)
        }
    }

    // MARK: which clips may run

    /// The model that scores a clip now; nil while there is none, or while an operator lets the clip wait.
    func model(for clip: ClipRecord) -> ContentHash? {
        desk.holds(clip) ? nil : champions[clip.machine]?.modelHash
    }

    /// As `model(for:)`, for a queue that is being changed.
    var choice: (ClipRecord) -> ContentHash? {
        { [champions, desk] clip in desk.holds(clip) ? nil : champions[clip.machine]?.modelHash }
    }
}
