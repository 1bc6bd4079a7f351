package import Datasets
internal import FoundationEssentials
internal import Glibc
internal import Logging
package import Messaging
internal import Plant
internal import Synchronization
internal import Training
package import Wire

/// A store-and-forward gateway: takes finished files out of a folder into its outbox, and pushes the outbox.
///
/// Two threads that share the outbox's folder and nothing else: one takes files in, whether there is a broker or not; the
/// other pushes, oldest first, as the broker's credit and patience allow. A clip leaves the folder once it is durable in
/// the outbox, and the outbox once the broker says that it is durable there; so each may be killed at any moment.
package final class GatewayNode: Sendable {
    package struct Configuration: Sendable {
        package var name: String
        package var endpoints: [Endpoint]
        package var security: Security
        package var watched: String
        package var outbox: String
        package var preparation: ClipPreparation
        /// A file is finished when it has not changed for so long.
        package var settleMilliseconds: Int64

        package init(
            name: String, endpoints: [Endpoint], security: Security = .plain, watched: String, outbox: String,
            preparation: ClipPreparation, settleMilliseconds: Int64 = 2_000
        ) {
            self.name = name
            self.endpoints = endpoints
            self.security = security
            self.watched = watched
            self.outbox = outbox
            self.preparation = preparation
            self.settleMilliseconds = settleMilliseconds
        }
    }

    /// What became of a file.
    package struct Report: Sendable {
        package enum Ending: Sendable {
            case accepted(GatewayClient.Acceptance)
            case rejected(WireError)
        }

        /// Where it was found.
        package let source: FilePath
        package let key: String?
        package let ending: Ending
    }

    private let taking: WakeSignal
    private let mailbox: Mailbox<GatewayClient.Event>
    private let threads: Mutex<[NodeThread]>

    /// Starts both threads.
    ///
    /// - Parameters:
    ///   - report: called on either thread for every file that has come to its end here.
    ///   - trouble: called with what makes taking files in wait, or what makes it impossible to push.
    package init(
        _ configuration: Configuration, report: @escaping @Sendable (Report) -> Void,
        trouble: @escaping @Sendable (String, _ isFatal: Bool) -> Void
    ) throws {
        let outbox = try ClipOutbox(configuration.outbox)
        let taking = try WakeSignal()
        let (pusher, mailbox) = try NodeThread.start("gateway-push") {
            let loop = try GatewayPush(configuration, outbox, report)
            return (
                loop.mailbox,
                {
                    do {
                        try loop.run()
                    } catch {
                        trouble("\(error)", true)
                    }
                }
            )
        }
        let (taker, _) = try NodeThread.start("gateway-take") {
            let loop = try GatewayIntake(configuration, outbox, taking, report, trouble)
            return ((), { try loop.run { mailbox.post(.wake) } })
        }
        (self.taking, self.mailbox) = (taking, mailbox)
        threads = Mutex([taker, pusher])
    }

    /// Finishes the file in hand, says goodbye, and ends. What is not accepted yet stays in the outbox.
    package func stop() throws {
        taking.raise()
        mailbox.post(.stop)
        let threads = threads.withLock { $0 }
        for thread in threads { try thread.join() }
    }
}
