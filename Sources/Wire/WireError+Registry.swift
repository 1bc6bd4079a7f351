// The registry of error numbers: added to, never reused. PROTOCOL.md repeats it, and a test compares the two.

extension WireError {
    /// What the one who reads the error does next.
    package enum Retry: String, Hashable, Sendable {
        /// The same request will never succeed.
        case never
        /// The same request after a pause.
        case later
        /// The same request to the other broker.
        case elsewhere
        /// HELLO first, then the same request.
        case afterHello = "after HELLO"
        /// A person has something to do first: promote a model, name the machine, send the file again.
        case afterRepair = "after repair"
    }
}

extension WireError.Code {
    // The message
    package static let badHeader = Self(rawValue: 100)
    package static let unknownMajor = Self(rawValue: 101)
    package static let unknownCommand = Self(rawValue: 102)
    package static let badBody = Self(rawValue: 103)
    package static let badPayload = Self(rawValue: 104)
    package static let tooLarge = Self(rawValue: 105)
    package static let badField = Self(rawValue: 106)
    // The session
    package static let notWelcomed = Self(rawValue: 120)
    package static let notLeader = Self(rawValue: 121)
    package static let notAllowed = Self(rawValue: 122)
    package static let wrongLane = Self(rawValue: 123)
    package static let duplicatePeer = Self(rawValue: 124)
    package static let tooManyPeers = Self(rawValue: 125)
    package static let unavailable = Self(rawValue: 126)
    package static let unknownKey = Self(rawValue: 127)
    package static let dropped = Self(rawValue: 128)
    package static let notReading = Self(rawValue: 129)
    package static let unsendable = Self(rawValue: 130)
    // The clip as submitted
    package static let wrongSHA256 = Self(rawValue: 200)
    package static let keyConflict = Self(rawValue: 201)
    package static let unknownSite = Self(rawValue: 202)
    package static let unknownMachine = Self(rawValue: 203)
    package static let unknownFormat = Self(rawValue: 204)
    package static let overCredit = Self(rawValue: 205)
    package static let overQuota = Self(rawValue: 206)
    package static let unknownJob = Self(rawValue: 207)
    // The clip's content
    package static let notAudio = Self(rawValue: 300)
    package static let unsupportedEncoding = Self(rawValue: 301)
    package static let malformed = Self(rawValue: 302)
    package static let noChannels = Self(rawValue: 303)
    package static let zeroRate = Self(rawValue: 304)
    package static let badRate = Self(rawValue: 305)
    package static let truncated = Self(rawValue: 306)
    package static let damaged = Self(rawValue: 307)
    package static let empty = Self(rawValue: 308)
    package static let notFinite = Self(rawValue: 309)
    package static let tooLong = Self(rawValue: 310)
    package static let tooShort = Self(rawValue: 311)
    package static let noSuchChannel = Self(rawValue: 312)
    package static let silent = Self(rawValue: 313)
    package static let stuck = Self(rawValue: 314)
    package static let notLogMel = Self(rawValue: 315)
    package static let tooCostly = Self(rawValue: 316)
    // Jobs and models
    package static let noSuchModel = Self(rawValue: 400)
    package static let wrongFeature = Self(rawValue: 401)
    package static let unreadableModel = Self(rawValue: 402)
    package static let unknownWork = Self(rawValue: 403)
    package static let staleFence = Self(rawValue: 404)
    package static let cancelled = Self(rawValue: 405)
    package static let workerLost = Self(rawValue: 406)
    package static let hung = Self(rawValue: 407)
    package static let poison = Self(rawValue: 408)
    package static let computeFailed = Self(rawValue: 409)
    package static let wrongOutput = Self(rawValue: 410)
    package static let unrecordable = Self(rawValue: 411)
    // Content by hash
    package static let unknownContent = Self(rawValue: 500)
    package static let storeFull = Self(rawValue: 501)
    package static let unreadableContent = Self(rawValue: 502)
    package static let damagedContent = Self(rawValue: 503)
    // Operators
    package static let noSuchWorker = Self(rawValue: 600)

    package struct Entry: Hashable, Sendable {
        package let code: WireError.Code
        package let name: String
        package let sentence: String
        package let retry: WireError.Retry

        fileprivate init(_ code: WireError.Code, _ name: String, _ retry: WireError.Retry, _ sentence: String) {
            (self.code, self.name, self.retry, self.sentence) = (code, name, retry, sentence)
        }
    }

    /// Every number this version knows, ascending.
    package static let registry: [Entry] = [
        Entry(.badHeader, "badHeader", .never, "The first frame is not a header of this protocol."),
        Entry(
            .unknownMajor, "unknownMajor", .never, "The major version is not spoken here; the reason gives the range."),
        Entry(.unknownCommand, "unknownCommand", .never, "The command number is not known in this version."),
        Entry(.badBody, "badBody", .never, "The second frame is not the protobuf message of its command."),
        Entry(.badPayload, "badPayload", .never, "The payload frames do not fit the command or its length."),
        Entry(.tooLarge, "tooLarge", .never, "A frame, a payload or a message exceeds its limit."),
        Entry(.badField, "badField", .never, "A field is missing or out of its range."),
        Entry(
            .notWelcomed, "notWelcomed", .afterHello, "This connection has not said HELLO to the broker that runs now."),
        Entry(.notLeader, "notLeader", .elsewhere, "This broker is a standby; the other one leads."),
        Entry(.notAllowed, "notAllowed", .never, "The peer's role may not use this command."),
        Entry(.wrongLane, "wrongLane", .never, "The command belongs on the peer's other connection."),
        Entry(.duplicatePeer, "duplicatePeer", .later, "Another live peer has the same name."),
        Entry(.tooManyPeers, "tooManyPeers", .later, "The broker has as many connections as it may."),
        Entry(.unavailable, "unavailable", .later, "The broker cannot reach its database or its disk at the moment."),
        Entry(.unknownKey, "unknownKey", .afterRepair, "The key of this connection is not allowed, or not any more."),
        Entry(.dropped, "dropped", .afterRepair, "The peer has sent too much that is none of the protocol's."),
        Entry(.notReading, "notReading", .afterHello, "The peer does not read what the broker sends."),
        Entry(.unsendable, "unsendable", .afterRepair, "The connection breaks whenever this message is sent."),
        Entry(.wrongSHA256, "wrongSHA256", .later, "The payload does not have the SHA-256 it was announced with."),
        Entry(.keyConflict, "keyConflict", .never, "The key was used before, for other bytes."),
        Entry(.unknownSite, "unknownSite", .afterRepair, "The site is not known or not this gateway's."),
        Entry(.unknownMachine, "unknownMachine", .afterRepair, "The machine's name is not valid or not known."),
        Entry(.unknownFormat, "unknownFormat", .never, "The payload format is not known in this version."),
        Entry(.overCredit, "overCredit", .later, "The gateway has more bytes unanswered than its credit allows."),
        Entry(.overQuota, "overQuota", .later, "The site has used up its quota."),
        Entry(.unknownJob, "unknownJob", .never, "No accepted clip of this gateway's has this key and this number."),
        Entry(.notAudio, "notAudio", .never, "The file is neither WAV nor FLAC."),
        Entry(.unsupportedEncoding, "unsupportedEncoding", .never, "The file's encoding is not read."),
        Entry(.malformed, "malformed", .never, "The file's header contradicts itself."),
        Entry(.noChannels, "noChannels", .never, "The recording has no channels."),
        Entry(.zeroRate, "zeroRate", .never, "The recording's sample rate is 0 Hz."),
        Entry(.badRate, "badRate", .never, "The sample rate cannot be converted to the model's."),
        Entry(.truncated, "truncated", .afterRepair, "The file ends before its header says so."),
        Entry(.damaged, "damaged", .afterRepair, "A checksum of the file does not fit its content."),
        Entry(.empty, "empty", .never, "The file holds no samples."),
        Entry(.notFinite, "notFinite", .never, "A value of the recording is infinite or not a number."),
        Entry(.tooLong, "tooLong", .never, "The recording exceeds the length or size a clip may have."),
        Entry(.tooShort, "tooShort", .never, "The clip is shorter than the model listens."),
        Entry(
            .noSuchChannel, "noSuchChannel", .afterRepair, "The recording has fewer channels than the one asked for."),
        Entry(.silent, "silent", .afterRepair, "The sensor delivers silence."),
        Entry(.stuck, "stuck", .afterRepair, "The sensor repeats one value."),
        Entry(.notLogMel, "notLogMel", .never, "The payload is not a float32 .npy array of the announced shape."),
        Entry(.tooCostly, "tooCostly", .never, "Decoding the clip costs more time or memory than a clip may."),
        Entry(.noSuchModel, "noSuchModel", .afterRepair, "No model is promoted for this machine."),
        Entry(.wrongFeature, "wrongFeature", .never, "The model was made for other feature parameters."),
        Entry(.unreadableModel, "unreadableModel", .afterRepair, "The model's file cannot be read."),
        Entry(.unknownWork, "unknownWork", .later, "This worker does not know how to do such a job."),
        Entry(.staleFence, "staleFence", .never, "The lease was taken back; the result is not wanted any more."),
        Entry(.cancelled, "cancelled", .never, "The job was cancelled."),
        Entry(.workerLost, "workerLost", .later, "The worker died or lost its connection."),
        Entry(.hung, "hung", .later, "The job made no progress until its deadline."),
        Entry(.poison, "poison", .afterRepair, "The job has ended the worker that ran it three times."),
        Entry(.computeFailed, "computeFailed", .later, "The computation failed on this worker."),
        Entry(.wrongOutput, "wrongOutput", .later, "The output does not have the SHA-256 it was announced with."),
        Entry(.unrecordable, "unrecordable", .afterRepair, "The database refuses the result."),
        Entry(.unknownContent, "unknownContent", .never, "Nobody has put content with this SHA-256."),
        Entry(.storeFull, "storeFull", .later, "There is no room left for content."),
        Entry(.unreadableContent, "unreadableContent", .later, "The stored bytes cannot be read back now."),
        Entry(
            .damagedContent, "damagedContent", .afterRepair,
            "The stored bytes are not those that were sent; send them again."
        ),
        Entry(.noSuchWorker, "noSuchWorker", .never, "No worker of this name is connected."),
    ]

    private static let entries = Dictionary(uniqueKeysWithValues: registry.map { ($0.code, $0) })

    /// Nil for a number this version does not know.
    package var entry: Entry? { Self.entries[self] }

    /// A number that is not known is answered like one that never succeeds.
    package var retry: WireError.Retry { entry?.retry ?? .never }
}

extension WireError.Code: CustomStringConvertible {
    package var description: String { "\(entry?.name ?? "error") \(rawValue)" }
}
