import Brokerage
import Plant

extension World {
    /// One turn of a peer: it says what is due, and looks for another broker when its own is silent.
    func tick(_ actor: Actor, _ happening: Happening) {
        agenda.plan(happening, at: now + Self.actorPeriod)
        let session = session(of: actor)
        guard now >= pausedUntil[session] ?? 0 else { return }
        if now - lastHeard[session, default: 0] > Self.silence {
            lastHeard[session] = now
            targets[session] = 1 - targets[session, default: 0]
            reconnect(actor)
        }
        switch actor {
        case .gateway(let number):
            for said in gateways[number].tick(now: now) {
                switch said {
                case .plain(let message): say(message, session)
                case .submit(let index):
                    let clip = gateways[number].clips[index]
                    let blob = Blob(0, byteCount: Int(clip.record.location.length))
                    say(
                        .submit(Submission(clip: clip.record, blob: blob, follow: true)), session, content: clip.content
                    )
                }
            }
        case .worker(let number):
            guard !deadWorkers.contains(number) else { return }
            if case .score(let clip, _)? = workers[number].running?.dispatch.work, clip.name == "killer" {
                return crashWorker(number)
            }
            for message in workers[number].tick(now: now, duration: { .random(in: 20_000...1_500_000, using: &dice) }) {
                say(message, session)
            }
        case .coordinator:
            for message in coordinator.tick(now: now) { say(message, session) }
        }
    }

    /// A peer hears that it came to a broker that does not lead.
    func sendAway(_ session: Int, from slot: Int) {
        guard let actor = actors[session], session == self.session(of: actor), targets[session] == slot,
            now >= pausedUntil[session] ?? 0
        else { return }
        lastHeard[session] = now
        if processes[1 - slot] != nil { targets[session] = 1 - slot }
        reconnect(actor)
    }

    private func session(of actor: Actor) -> Int {
        switch actor {
        case .gateway(let number): gateways[number].session
        case .worker(let number): workers[number].session
        case .coordinator: coordinator.session
        }
    }

    private func reconnect(_ actor: Actor) {
        switch actor {
        case .gateway(let number): gateways[number].reconnect()
        case .worker(let number): workers[number].reconnect()
        case .coordinator: coordinator.reconnect()
        }
    }

    /// Puts a message on the network: it may be lost, late, or come twice.
    private func say(_ message: Message, _ session: Int, content: Int? = nil) {
        deliver(session) { .toBroker(slot: targets[session, default: 0], session: session, message, content: content) }
    }

    func deliver(_ session: Int, _ happening: () -> Happening) {
        guard !partitioned.contains(session) else { return }
        guard isCalm || .random(in: 0..<100, using: &dice) >= scenario.loss else { return }
        agenda.plan(happening(), at: now + .random(in: scenario.latency, using: &dice))
        guard !isCalm, .random(in: 0..<100, using: &dice) < scenario.duplication else { return }
        agenda.plan(happening(), at: now + .random(in: scenario.latency, using: &dice))
    }

    /// A peer hears an answer.
    func arrive(_ session: Int, _ slot: Int, _ answer: Answer, _ content: Int?, _ happening: Happening) {
        if let until = pausedUntil[session], now < until { return agenda.plan(happening, at: until) }
        guard let actor = actors[session], session == self.session(of: actor) else { return }
        // What an earlier connection still brings is not heard.
        guard targets[session] == slot else { return }
        lastHeard[session] = now
        switch actor {
        case .gateway(let number):
            if case .accepted(let key, let job, _) = answer { checkAcceptance(of: key, job) }
            gateways[number].hear(answer, now: now)
        case .worker(let number):
            guard !deadWorkers.contains(number) else { return }
            if case .dispatch(let dispatch) = answer {
                workers[number].take(dispatch, content: content)
            } else {
                if case .acknowledge(let token, let job) = answer { checkAcknowledgement(number, token, job) }
                workers[number].hear(answer, now: now)
            }
        case .coordinator:
            if case .shardDone(let done) = answer, case .output = done.ending, content != Int(done.key.shard) {
                violations.append("shard \(done.key.shard) came with the output of \(content ?? -1)")
            }
            coordinator.hear(answer, now: now)
        }
    }

    func crashWorker(_ number: Int) {
        guard deadWorkers.insert(number).inserted else { return }
        agenda.plan(.restartWorker(number), at: now + .random(in: 200_000...2_000_000, using: &dice))
    }
}
