import Plant

/// What time alone brings about.
extension Broker {
    mutating func housekeep(now: Microseconds) {
        for peer in peers.silent(now: now, configuration: configuration) { lose(peer, now: now) }
        let overdue = leases.overdue(now: now, configuration: configuration)
        for lease in overdue.hung {
            void(lease, now: now)
            counters.requeued += 1
            workers[lease.worker]?.hung.insert(lease.token)
            charge(lease.job, .hung, worker: workers[lease.worker]?.name ?? "", now: now)
            // What waits behind it would wait as long as it, and is not to blame.
            takeBack(from: lease.worker, now: now) { $0.progress == 0 }
        }
        for lease in overdue.lost {
            leases.end(lease.token, now: now)
            counters.requeued += 1
            putBack(lease.job, now: now)
        }
        clips.wake(now: now, model: choice)
        recover(now: now)
        workOnOrders(now: now)
        tellRoster(now: now)
        if !isRenewing, now >= renewalDueAt, ledger.mayAsk(now: now) {
            isRenewing = true
            renewalAskedAt = now
            renewalDueAt = now + configuration.renewalInterval
            actions.append(.ledger(.renew))
        }
    }

    private mutating func recover(now: Microseconds) {
        if !recovery.isComplete, !recovery.isLoading, ledger.mayAsk(now: now), clips.count < configuration.backlogLimit
        {
            actions.append(.ledger(recovery.beginPage(limit: configuration.recoveryPage)))
        }
        guard recovery.isComplete, !recovery.reservationsEnded, recovery.everyWorkerHadTime(now: now) else { return }
        recovery.endReservations()
        recovery.forgetClaims()
        clips.endReservations(model: choice)
    }
}
