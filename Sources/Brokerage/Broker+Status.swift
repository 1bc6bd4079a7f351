import Plant

/// The broker at a glance, for operators and for the ledger.
extension Broker {
    package var status: StatusReport {
        StatusReport(
            epoch: epoch, queuedClips: clips.backlogCount, queuedShards: shards.waitingCount, leased: leases.count,
            unwrittenResults: outbox.count, counters: counters, workers: workerReports)
    }

    private var workerReports: [StatusReport.Worker] {
        workers.order.compactMap { workers[$0] }.map { worker in
            StatusReport.Worker(
                name: worker.name, host: worker.host, process: worker.process, leased: leases.count(of: worker.id),
                credits: worker.credits, draining: worker.draining, finished: worker.finished,
                doing: leases.executing(on: worker.id).first.map { describe($0.job) } ?? "")
        }
    }

    /// A job in a few words.
    private func describe(_ job: JobID) -> String {
        switch job {
        case .clip(let number): clips[number].map { "clip \(number) of \($0.clip.machine)" } ?? "clip \(number)"
        case .shard(let key): "shard \(key.shard) of run \(key.run), step \(key.step)"
        }
    }

    /// Has the ledger write down who works here.
    mutating func tellRoster(now: Microseconds) {
        guard ledger.isUp else { return }
        let entries = workers.order.compactMap { workers[$0] }.map {
            Roster.Entry(name: $0.name, process: $0.process, draining: $0.draining)
        }
        guard roster.shouldTell(entries, now: now) else { return }
        actions.append(.ledger(.recordWorkers(workerReports)))
    }
}
