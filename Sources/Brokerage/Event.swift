package import Plant

/// Everything the broker reacts to, besides time.
///
/// A blob in an event becomes the broker's: the shell keeps the bytes until an action releases them.
package enum Event: Sendable {
    /// A peer said something.
    case said(PeerID, Message, request: RequestID? = nil)
    /// A peer has room for content that it asked for in this request and had to wait for.
    case hasRoom(PeerID, ContentHash, request: RequestID?)
    /// A message for this peer, a dispatch if there is a token, could not be sent: its connection is gone for now.
    case undelivered(PeerID, Token?)
    /// The disk lane has done what it was asked.
    case disk(DiskAnswer)
    /// The ledger lane has done, or failed to do, what it was asked.
    case ledger(LedgerAnswer)
}

/// What a peer says: one case per command of the protocol that travels to the broker.
package enum Message: Sendable {
    case hello(Introduction)
    case heartbeat(Heartbeat)
    case goodbye
    case submit(Submission)
    /// Tell this gateway how an accepted clip ends.
    case follow(key: String, job: Int64)
    case result(Report)
    case askShards([Shard])
    case forgetShards(run: Int64)
    case put(Put)
    case fetch(ContentHash)
    case askStatus
    case drainWorker(name: String)
}

package enum Role: Sendable { case gateway, worker, coordinator, `operator` }

/// Who a peer is.
package struct Introduction: Sendable {
    /// A job a worker still computes, or whose result it could not hand over yet.
    package struct Held: Sendable {
        package var token: Token
        package var job: JobID

        package init(token: Token, job: JobID) {
            self.token = token
            self.job = job
        }
    }

    package var role: Role
    /// The same after a restart of the peer.
    package var name: String
    package var host: String
    package var process: UInt32
    /// Workers: jobs it may hold at once.
    package var credits: Int
    package var held: [Held]
    /// The one site whose clips are its business; nil for all.
    package var site: String?

    package init(
        role: Role, name: String, site: String? = nil, host: String = "", process: UInt32 = 0, credits: Int = 0,
        held: [Held] = []
    ) {
        self.role = role
        self.name = name
        self.site = site
        self.host = host
        self.process = process
        self.credits = credits
        self.held = held
    }
}

package struct Heartbeat: Sendable {
    package struct Progress: Sendable {
        package var token: Token
        /// 0 while the job waits, above once it runs; moves while it advances.
        package var counter: UInt64

        package init(token: Token, counter: UInt64) {
            self.token = token
            self.counter = counter
        }
    }

    /// Workers: every job it holds until its result is acknowledged.
    package var progress: [Progress]
    package var credits: Int
    package var draining: Bool

    package init(progress: [Progress] = [], credits: Int = 0, draining: Bool = false) {
        self.progress = progress
        self.credits = credits
        self.draining = draining
    }
}

/// A clip a gateway pushes.
package struct Submission: Sendable {
    /// Its location says only how long the payload is.
    package var clip: ClipRecord
    package var blob: Blob
    /// The gateway wants to be told the outcome.
    package var follow: Bool

    package init(clip: ClipRecord, blob: Blob, follow: Bool) {
        self.clip = clip
        self.blob = blob
        self.follow = follow
    }
}

/// How a worker says a job ended.
package struct Report: Sendable {
    package enum Ending: Sendable {
        /// `queueMilliseconds` is filled in by the broker.
        case scored(ScoreRecord)
        case shard(sha256: ContentHash, output: Blob, computeMilliseconds: Double)
        case failed(Failure)
    }

    package var token: Token
    /// Nil when only the token says which.
    package var job: JobID?
    package var ending: Ending

    package init(token: Token, job: JobID?, ending: Ending) {
        self.token = token
        self.job = job
        self.ending = ending
    }
}

package struct Failure: Hashable, Sendable {
    /// Of the registry of error numbers.
    package var code: Int
    package var reason: String
    /// Another attempt cannot help.
    package var permanent: Bool

    package init(code: Int, reason: String, permanent: Bool) {
        self.code = code
        self.reason = reason
        self.permanent = permanent
    }
}

/// A pure job a coordinator asks for.
package struct Shard: Sendable {
    package var key: ShardKey
    package var kind: String
    /// Opaque here.
    package var specification: [UInt8]
    /// The worker that has at hand what the job needs; empty when any will do.
    package var preferredWorker: String

    package init(key: ShardKey, kind: String, specification: [UInt8], preferredWorker: String = "") {
        self.key = key
        self.kind = kind
        self.specification = specification
        self.preferredWorker = preferredWorker
    }
}

/// Bytes to keep under their hash.
package struct Put: Sendable {
    package var sha256: ContentHash
    package var blob: Blob
    /// On disk, or only until newer content needs the room.
    package var durable: Bool

    package init(sha256: ContentHash, blob: Blob, durable: Bool) {
        self.sha256 = sha256
        self.blob = blob
        self.durable = durable
    }
}

package enum DiskAnswer: Sendable {
    /// One entry per item of the order; nil where the bytes do not have the hash they should.
    case storedClips(batch: Int, [SegmentLocation?])
    case storedContent(batch: Int, [SegmentLocation?])
    /// One entry per item of the order: whether the bytes have the hash they should.
    case checked(batch: Int, [Bool])
    /// There is no room; nothing of the batch is stored.
    case full(batch: Int, DiskOrder.Kind)
    /// The stored payload of a dispatch cannot be read back, and why.
    case unreadable(Token, Failure)
    /// The store of the payload of a dispatch cannot be reached now.
    case unavailable(Token)
}

package enum LedgerAnswer: Sendable {
    case accepted(batch: Int, [Acceptance])
    case recorded(batch: Int)
    case recordedContent(batch: Int)
    /// A page of open clips, with the wall clock (microseconds since 1970) of the moment it arrived here.
    case pending([PendingClip], wallClock: Int64)
    case openClip(job: Int64, PendingClip?, wallClock: Int64)
    /// This broker leads; the champions, and what operators want and is not done.
    case renewed([Champion], [OperatorOrder])
    /// What is known of the jobs and the contents asked about; a job nobody knows is missing.
    case found([ClipFate], [(hash: ContentHash, place: ContentPlace)])
    case recordedWorkers
    case openClips([PendingClip], wallClock: Int64)
    case closedOrder
    case failed(LedgerOrder.Subject, Fault)

    package enum Fault: Sendable {
        /// The database cannot be reached; whether the order was carried out is unknown.
        case unreachable
        /// The database refuses the statement and always will.
        case refused(String)
        /// Another broker has taken over.
        case fenced
    }
}
