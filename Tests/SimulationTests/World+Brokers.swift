import Brokerage
import Ledger
import Plant

extension World {
    /// A broker's process starts at an address and campaigns from then on.
    func launch(slot: Int) {
        lastProcess += 1
        processes[slot] = lastProcess
        campaign(slot, lastProcess)
    }

    /// One turn of a process's campaign: a leader keeps the lock, a standby tries for it.
    func campaign(_ slot: Int, _ process: Int) {
        guard processes[slot] == process else { return }
        let happening = Happening.campaign(slot: slot, process: process)
        if let until = brokers[slot]?.pausedUntil, now < until { return agenda.plan(happening, at: until) }
        if ledger.isAway || cutOff.contains(slot) { return agenda.plan(happening, at: now + 1_000_000) }
        if lock.hold(process, now: now), brokers[slot] == nil { lead(slot, process) }
        agenda.plan(happening, at: now + (brokers[slot] == nil ? 200_000 : 500_000))
    }

    /// A term begins.
    func lead(_ slot: Int, _ process: Int) {
        do {
            incarnations += 1
            var configuration = BrokerConfiguration()
            configuration.clipDeadline = 20_000_000
            configuration.shardDeadline = 20_000_000
            configuration.trustWindow = 5_000_000
            configuration.memoryBudget = 6_000
            configuration.recoveryPage = 7
            configuration.priorityStep = Fairness.priorityStep
            configuration.siteQuantum = Fairness.quantum
            if scenario.sabotage == .noAging { configuration.priorityStep = 1_000_000_000_000 }
            if scenario.sabotage == .noTurns { configuration.siteQuantum = 1 << 40 }
            let epoch = try ledger.openEpoch()
            let known = try ledger.memory.reach(intoSegment: 0, of: .clips).lastSegment
            disk.open(process, known: known, sabotage: scenario.sabotage)
            let broker = Broker(epoch: epoch, configuration: configuration, seed: scenario.seed, now: now)
            brokers[slot] = SimulatedBroker(broker: broker, incarnation: incarnations)
            agenda.plan(.settle(slot: slot, incarnation: incarnations, epoch: epoch), at: now)
            turn(slot)
        } catch {
            violations.append("no epoch: \(error)")
        }
    }

    /// A term ends, and its process stands by.
    private func stepDown(_ slot: Int) {
        guard let process = processes[slot] else { return }
        brokers[slot] = nil
        disk.close(process)
        lock.release(process)
    }

    func crash(slot: Int) {
        guard let process = processes[slot] else { return }
        processes[slot] = nil
        brokers[slot] = nil
        disk.crash(process, dice: &dice)
        lock.release(process)
        agenda.plan(.restartBroker(slot: slot), at: now + .random(in: 200_000...3_000_000, using: &dice))
    }

    /// Runs `body` now, or when a paused broker wakes; never when that process is gone.
    func whenAwake(_ slot: Int, _ incarnation: Int, _ happening: Happening, _ body: (World) -> Void) {
        guard let broker = brokers[slot], broker.incarnation == incarnation else { return }
        if now < broker.pausedUntil { return agenda.plan(happening, at: broker.pausedUntil) }
        body(self)
    }

    /// The broker's thread after an event: what is due is done, and the next turn planned.
    func turn(_ slot: Int) {
        guard let broker = brokers[slot] else { return }
        let actions = broker.broker.tick(now: now)
        checkFairness(of: actions, slot)
        perform(actions, slot)
        guard broker === brokers[slot] else { return }
        if let violation = broker.broker.violations.first { violations.append(violation) }
        let next = max(broker.broker.nextDeadline, now + 1)
        guard next < broker.nextTurn || broker.nextTurn <= now else { return }
        brokers[slot]?.nextTurn = next
        agenda.plan(.brokerTurn(slot: slot, incarnation: broker.incarnation), at: next)
    }

    func tell(_ slot: Int, _ incarnation: Int, _ event: Event, _ happening: Happening) {
        whenAwake(slot, incarnation, happening) { world in world.handle(slot, event) }
    }

    private func handle(_ slot: Int, _ event: Event) {
        guard let actions = brokers[slot]?.broker.handle(event, now: now) else { return }
        perform(actions, slot)
        turn(slot)
    }

    /// A message reaches whatever process listens at an address.
    func arrive(_ slot: Int, _ session: Int, _ message: Message, _ content: Int?, _ happening: Happening) {
        guard let broker = brokers[slot] else {
            guard processes[slot] != nil else { return }
            return deliver(session) { .sentAway(session: session, slot: slot) }
        }
        if now < broker.pausedUntil { return agenda.plan(happening, at: broker.pausedUntil) }
        guard let peer = peer(slot, session, message) else {
            return deliver(session) {
                .toPeer(session: session, slot: slot, .reject(key: "", .sayHello), content: nil)
            }
        }
        var message = message
        switch message {
        case .submit(var submission):
            submission.blob =
                brokers[slot]?.blob(content ?? -1, byteCount: submission.blob.byteCount) ?? submission.blob
            message = .submit(submission)
        case .result(var report):
            if case .shard(let hash, let output, let milliseconds) = report.ending {
                let blob = brokers[slot]?.blob(output.number, byteCount: output.byteCount) ?? output
                report.ending = .shard(sha256: hash, output: blob, computeMilliseconds: milliseconds)
            }
            report.token = asBrokenBrokerReads(report.token, slot)
            if scenario.sabotage == .acknowledgeBeforeCommit, let job = report.job, case .scored = report.ending {
                let token = report.token
                deliver(session) { .toPeer(session: session, slot: slot, .acknowledge(token, job), content: nil) }
            }
            if scenario.sabotage == .noEpochInTokens { report.job = nil }
            message = .result(report)
        default: break
        }
        handle(slot, .said(peer, message))
    }

    /// Who speaks, nil when a session is unknown and does not say HELLO.
    private func peer(_ slot: Int, _ session: Int, _ message: Message) -> PeerID? {
        if case .hello = message { return brokers[slot]?.peer(for: session) }
        return brokers[slot]?.peers[session]
    }

    private func asBrokenBrokerReads(_ token: Token, _ slot: Int) -> Token {
        guard scenario.sabotage == .noEpochInTokens, let epoch = brokers[slot]?.broker.epoch else { return token }
        return Token(epoch: epoch, counter: token.counter)
    }

    private func perform(_ actions: [Action], _ slot: Int) {
        for action in actions {
            guard let broker = brokers[slot] else { return }
            if let left = broker.actionsLeft {
                guard left > 0 else { return crash(slot: slot) }
                brokers[slot]?.actionsLeft = left - 1
            }
            switch action {
            case .tell(let peer, let answer, _): send(answer, to: peer, slot)
            case .disk(let order): plan(order, slot)
            case .ledger(let order): plan(order, slot)
            case .release(let blob):
                if brokers[slot]?.blobs.removeValue(forKey: blob.number) == nil {
                    violations.append("blob \(blob.number) was released twice")
                }
            case .forget(let peer): brokers[slot]?.forget(peer)
            case .stepDown: stepDown(slot)
            case .stale: break
            }
        }
    }

    private func send(_ answer: Answer, to peer: PeerID, _ slot: Int) {
        guard let session = brokers[slot]?.sessions[peer] else { return }
        var content: Int?
        switch answer {
        case .dispatch(let dispatch):
            switch dispatch.payload {
            case .memory(let blob): content = brokers[slot]?.blobs[blob.number]
            case .clip(let location):
                content = disk.bytes(at: location)
                guard isProved(content, of: dispatch) else {
                    return tellDamage(of: dispatch, at: location, slot)
                }
            case .none, .content: break
            }
        case .shardDone(let done):
            if case .output(_, .memory(let blob), _) = done.ending { content = brokers[slot]?.blobs[blob.number] }
        default: break
        }
        deliver(session) { .toPeer(session: session, slot: slot, answer, content: content) }
    }

    /// Whether bytes have the hash of the clip that is dispatched.
    private func isProved(_ content: Int?, of dispatch: Dispatch) -> Bool {
        guard let content, case .score(let clip, _) = dispatch.work else { return false }
        return scenario.sabotage == .unprovedBytes || content == self.content(of: clip)
    }

    private func tellDamage(of dispatch: Dispatch, at location: SegmentLocation, _ slot: Int) {
        guard let broker = brokers[slot] else { return }
        if !disk.isHarmed(location) { violations.append("accepted bytes are gone: \(dispatch.job)") }
        let answer = DiskAnswer.unreadable(dispatch.token, .damaged("simulated"))
        agenda.plan(.diskSync(slot: slot, incarnation: broker.incarnation, [], answer), at: now + 1_000)
    }
}
