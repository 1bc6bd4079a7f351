import ArgumentParser
import Glibc
import Ledger
import Nodes
import PostgreSQL

/// What the exit codes of every command mean.
enum ExitStatus: Int32 {
    case done = 0
    /// The work failed; a sentence on standard error says why.
    case failed = 1
    case usage = 2
    /// The broker or the database cannot be reached.
    case unreachable = 3

    /// Prints what `error` has to say in the right place and ends the process with its code.
    static func exit(for error: any Error) -> Never {
        switch error {
        case let failure as CommandFailure:
            Console.note(failure.description)
            Glibc.exit(failure.status.rawValue)
        case let error as LedgerError where error.code == .unreachable || error.code == .denied:
            Console.note(error.description)
            Glibc.exit(ExitStatus.unreachable.rawValue)
        case let error as PostgreSQLError where error.code == .badURL:
            Console.note(error.description)
            Glibc.exit(ExitStatus.usage.rawValue)
        case let error as PostgreSQLError where error.isUnreachable || error.code == .denied:
            Console.note(error.description)
            Glibc.exit(ExitStatus.unreachable.rawValue)
        case let error as PeerError where error.code == .unreachable || error.code == .timedOut:
            Console.note(error.description)
            Glibc.exit(ExitStatus.unreachable.rawValue)
        default:
            let code = Auscult.exitCode(for: error)
            if code == .success {
                Console.line(Auscult.fullMessage(for: error))
                Glibc.exit(ExitStatus.done.rawValue)
            }
            if code == .validationFailure {
                Console.write(Auscult.fullMessage(for: error) + "\n", to: STDERR_FILENO)
                Glibc.exit(ExitStatus.usage.rawValue)
            }
            if !(error is ExitCode) { Console.note("\(error)") }
            Glibc.exit(code == .failure ? ExitStatus.failed.rawValue : code.rawValue)
        }
    }
}

/// A command could not do its work; the description is a sentence for the person who typed it.
struct CommandFailure: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ description: String, status: ExitStatus = .failed) {
        self.status = status
        self.description = description
    }
}
