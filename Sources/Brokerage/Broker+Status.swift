/// The broker at a glance.
extension Broker {
    package var status: StatusReport {
        StatusReport(
            epoch: epoch, queuedClips: clips.backlogCount, queuedShards: shards.waitingCount, leased: leases.count,
            unwrittenResults: outbox.count, counters: counters,
            workers: workers.order.compactMap { workers[$0] }.map { worker in
                StatusReport.Worker(
                    name: worker.name, host: worker.host, process: worker.process, leased: leases.count(of: worker.id),
                    credits: worker.credits, draining: worker.draining, finished: worker.finished)
            })
    }
}
