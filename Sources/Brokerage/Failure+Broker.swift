import Wire

/// Failures the broker itself finds.
extension Failure {
    static func workerDied(_ worker: String) -> Failure {
        Failure(code: .workerLost, reason: "worker \(worker) died while it ran this job", permanent: false)
    }

    static let hung = Failure(code: .hung, reason: "the job made no progress until its deadline", permanent: false)

    static func poison(deaths: Int) -> Failure {
        Failure(
            code: .poison, reason: "\(deaths) workers died running this job, the last with nothing else to do",
            permanent: true)
    }

    static func exhausted(attempts: Int, last: Failure) -> Failure {
        Failure(
            code: last.code, reason: "gave up after \(attempts) attempts; the last: \(last.reason)", permanent: true)
    }

    /// A worker's report that is not what it was asked for.
    static let otherKind = Failure(
        code: .computeFailed, reason: "the worker reported something else than it was asked for", permanent: false)

    static func otherVersion(_ given: String, insteadOf wanted: String) -> Failure {
        Failure(
            code: .computeFailed, reason: "the worker scored with \(given.madePlain(limit: 256)), not with \(wanted)",
            permanent: false)
    }

    package static func damaged(_ reason: String) -> Failure {
        Failure(
            code: .damagedContent,
            reason: "the clip is damaged where it was stored: \(reason); push its file again, "
                + "with another --key", permanent: true)
    }

    package static func unreadable(_ reason: String) -> Failure {
        Failure(code: .unreadableContent, reason: "the stored bytes cannot be read back: \(reason)", permanent: false)
    }

    static func unrecordable(_ reason: String) -> Failure {
        Failure(
            code: .unrecordable, reason: "the database refuses the result: \(reason.madePlain(limit: 300))",
            permanent: true)
    }

    static func cancelled(by who: String, reason: String) -> Failure {
        Failure(
            code: .cancelled, reason: "cancelled by \(who)" + (reason.isEmpty ? "" : ": \(reason)"), permanent: true)
    }

    private init(code: WireError.Code, reason: String, permanent: Bool) {
        self.init(code: Int(code.rawValue), reason: reason, permanent: permanent)
    }
}
