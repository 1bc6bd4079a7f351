internal import FoundationEssentials
internal import Messaging

/// A whole cluster as a child process: `auscult up`, which stops when we do.
package final class ClusterProcess {
    private enum Event: Sendable {
        case line(String)
        case ended(Int32)
    }

    package let address: ClusterAddress
    private let process: ChildProcess
    private let thread: NodeThread
    private let lifeline: Lifeline

    private struct Ready: Decodable {
        let event: String
        let addressFile: String
    }

    /// Starts a cluster and returns once it is ready.
    ///
    /// - Parameters:
    ///   - executable: path of this program.
    ///   - arguments: of `auscult up`.
    ///   - environment: added to ours.
    package init(executable: String, arguments: [String], environment: [String: String] = [:]) throws {
        lifeline = try Lifeline()
        let process = try ChildProcess(
            executable: executable, arguments: ["up"] + arguments, environment: environment,
            lifeline: lifeline.readingEnd)
        self.process = process
        let mailbox = try Mailbox<Event>()
        (thread, _) = try NodeThread.start("cluster") {
            (
                (),
                {
                    let status = process.run { mailbox.post(.line($0)) }
                    mailbox.post(.ended(status))
                }
            )
        }
        address = try Self.waitUntilReady(mailbox)
    }

    /// Of the supervisor, whose children the services are.
    package var processIdentifier: Int32 { process.identifier }

    /// Stops everything in order and waits for it.
    package func stop() throws {
        process.terminate()
        try thread.join()
    }

    private static func waitUntilReady(_ mailbox: Mailbox<Event>) throws -> ClusterAddress {
        while true {
            for event in mailbox.waitAndDrain() {
                switch event {
                case .line(let line):
                    let ready = try JSONDecoder().decode(Ready.self, from: Data(line.utf8))
                    let directory = ready.addressFile.dropLast(ClusterAddress.fileName.utf8.count)
                    return try ClusterAddress.read(from: String(directory))
                case .ended(let status):
                    throw SupervisorError("the cluster did not start (exit status \(status)); its message is above")
                }
            }
        }
    }
}
