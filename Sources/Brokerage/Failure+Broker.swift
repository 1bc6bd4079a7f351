/// Failures the broker itself finds.
extension Failure {
    static func workerDied(_ worker: String) -> Failure {
        Failure(code: 601, reason: "worker \(worker) died while it ran this job", permanent: false)
    }

    static let hung = Failure(code: 602, reason: "the job made no progress until its deadline", permanent: false)

    static func poison(deaths: Int) -> Failure {
        Failure(
            code: 603, reason: "\(deaths) workers died running this job, the last with nothing else to do",
            permanent: true)
    }

    static func exhausted(attempts: Int, last: Failure) -> Failure {
        Failure(
            code: last.code, reason: "gave up after \(attempts) attempts; the last: \(last.reason)", permanent: true)
    }

    static func unreadable(_ reason: String) -> Failure {
        Failure(code: 604, reason: "the stored bytes cannot be read back: \(reason)", permanent: true)
    }

    static func unrecordable(_ reason: String) -> Failure {
        Failure(code: 605, reason: "the database refuses the result: \(reason)", permanent: true)
    }
}
