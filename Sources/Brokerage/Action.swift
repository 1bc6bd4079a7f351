package import Plant

/// What the shell is to do, in this order.
package enum Action: Sendable {
    case tell(PeerID, Answer, to: RequestID? = nil)
    case disk(DiskOrder)
    case ledger(LedgerOrder)
    /// The broker needs these bytes no more.
    case release(Blob)
    /// A worker has reported under a lease that was taken back or never was: one more to be counted.
    case stale(PeerID)
    /// The peer is forgotten; whatever it says next is answered by `Refusal.sayHello`.
    case forget(PeerID)
    /// Another broker has taken over: stop without another word.
    case stepDown(reason: String)
}

/// What the broker says: one case per command of the protocol that travels to a peer.
package enum Answer: Sendable {
    case welcome(epoch: UInt32)
    /// The broker lives, too.
    case heartbeat
    case accepted(key: String, job: Int64, duplicate: Bool)
    case busy(key: String, retryAfterMilliseconds: UInt32, Pressure)
    case reject(key: String, Refusal)
    case outcome(key: String, OutcomeRecord)
    case dispatch(Dispatch)
    case acknowledge(Token, JobID)
    case cancel(Token)
    case drain
    case shardDone(ShardDone)
    case stored(ContentHash)
    /// - Parameter inTurn: it has waited already, and goes before what waits.
    case content(ContentHash, Payload, inTurn: Bool)
    case status(StatusReport)
    case done
}

/// Why a clip must wait before it is accepted.
package enum Pressure: String, Hashable, Sendable {
    case starting = "the broker is starting"
    case databaseAway = "the broker cannot reach its database"
    case diskFull = "the broker's disk is full"
    case backlogFull = "as many clips as the broker can remember wait to be scored"
    case memoryFull = "the broker's memory for clips on their way is full"
    case tooMuchFollowed = "this gateway follows as many clips as it may"
    case tooMuchFetched = "this peer waits for as much content as it may"
}

/// One job for one worker.
package struct Dispatch: Sendable {
    package enum Work: Sendable {
        case score(ClipRecord, Champion)
        case shard(Shard)
    }

    package var token: Token
    package var job: JobID
    /// 1 for the first.
    package var attempt: Int
    package var work: Work
    package var payload: Payload
}

/// How a shard ended, for the coordinator that asked.
package struct ShardDone: Sendable {
    package enum Ending: Sendable {
        case output(sha256: ContentHash, Payload, computeMilliseconds: Double)
        case failed(Failure)
    }

    package var key: ShardKey
    package var worker: String
    package var ending: Ending
}

package struct DiskItem: Sendable {
    package var blob: Blob
    package var sha256: ContentHash
}

package enum DiskOrder: Sendable {
    package enum Kind: Sendable { case clips, content }

    /// Make payloads of clips durable, all together.
    case storeClips(batch: Int, [DiskItem])
    case storeContent(batch: Int, [DiskItem])
    /// Compute the hashes only.
    case check(batch: Int, [DiskItem])
}

package enum LedgerOrder: Sendable {
    case accept(batch: Int, [ClipRecord])
    case record(batch: Int, [OutcomeRecord])
    case recordContent(batch: Int, [(hash: ContentHash, location: SegmentLocation)])
    case loadPending(after: Int64, limit: Int)
    /// The clip of this job if it is still open.
    case findOpenClip(job: Int64)
    /// Make sure that this broker still leads, and look up the champions and what operators want.
    case renew
    /// How clips ended that are not here, and where content is.
    case inquire(jobs: [Int64], contents: [ContentHash])
    /// Write down which workers there are; those not named are gone.
    case recordWorkers([StatusReport.Worker])
    /// Those of the jobs that are open: an operator gave them another life.
    case findOpenClips([Int64])
    /// Write down that an operator's order is done, and how many clips it touched.
    case closeOrder(Int64, clips: Int)

    /// Which order an answer is about.
    package enum Subject: Hashable, Sendable {
        case accept(batch: Int)
        case record(batch: Int)
        case recordContent(batch: Int)
        case pending
        case openClip(job: Int64)
        case renewal
        case inquiry
        case workers
        case openClips([Int64])
        case closing(Int64, clips: Int)
    }

    package var subject: Subject {
        switch self {
        case .accept(let batch, _): .accept(batch: batch)
        case .record(let batch, _): .record(batch: batch)
        case .recordContent(let batch, _): .recordContent(batch: batch)
        case .loadPending: .pending
        case .findOpenClip(let job): .openClip(job: job)
        case .renew: .renewal
        case .inquire: .inquiry
        case .recordWorkers: .workers
        case .findOpenClips(let jobs): .openClips(jobs)
        case .closeOrder(let number, let clips): .closing(number, clips: clips)
        }
    }
}

/// Why something cannot be done; the shell knows the number of each.
package enum Refusal: Hashable, Sendable {
    /// The broker does not know this session.
    case sayHello
    /// Another peer has come under the same name.
    case superseded
    /// No model scores this machine.
    case unknownMachine(MachineName)
    /// The peer has more payload unanswered than its credit allows.
    case overCredit(limit: Int)
    case payloadTooLarge(byteCount: Int, limit: Int)
    /// The bytes do not have the hash that was announced.
    case damagedPayload
    /// The key was used before for other bytes.
    case keyConflict
    /// The site has pushed as much today as it may.
    case overQuota(site: String, limit: Int)
    case tooManySites(limit: Int)
    case tooManyMachines(limit: Int)
    /// No accepted clip of this gateway's has this key and this number.
    case unknownJob(Int64)
    case unknownContent(ContentHash)
    /// The stored bytes are not those that were put.
    case damagedContent(ContentHash)
    /// The stored bytes cannot be reached now.
    case unreadableContent(ContentHash)
    case unknownWorker(String)
    /// The database refuses what was sent.
    case refusedByDatabase(String)
}

/// The broker at a glance.
package struct StatusReport: Sendable {
    package struct Worker: Sendable {
        package var name: String
        package var host: String
        package var process: UInt32
        package var leased: Int
        package var credits: Int
        package var draining: Bool
        package var finished: Int
        /// The job it is at, in words; empty while it waits for one.
        package var doing: String
    }

    package var epoch: UInt32
    package var queuedClips: Int
    package var queuedShards: Int
    package var leased: Int
    package var unwrittenResults: Int
    package var counters: Counters
    package var workers: [Worker]
}

/// What happened since the broker started.
package struct Counters: Hashable, Sendable {
    package var accepted = 0
    package var duplicates = 0
    package var busy = 0
    package var rejected = 0
    package var scored = 0
    package var dead = 0
    /// Leases that ended without a result of their worker.
    package var requeued = 0
    package var workerDeaths = 0
    /// Results under a lease that had been taken back.
    package var stale = 0
}
