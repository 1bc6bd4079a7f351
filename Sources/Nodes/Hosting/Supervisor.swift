internal import Glibc
internal import Logging
package import Messaging
internal import Plant

/// Runs the processes of one host as `Supervision` decides: the shell around that plan.
///
/// Lives on the thread that calls `run`, the main one; each child has a thread that waits for its end.
package final class Supervisor {
    package struct Configuration: Sendable {
        /// Path of this program.
        package var executable: String
        /// Where the broker keeps its segments.
        package var dataDirectory: String
        /// Of the broker, and of the standby where there is one.
        package var endpoints: [String]
        package var databaseURL: String
        /// The database server to run as well; nil where it is somebody else's.
        package var database: PrivateServerPlace?
        /// Whether each service gets its keys from the data directory.
        package var isSecure: Bool
        /// Where the broker puts new payloads.
        package var payloadPlace: PayloadPlace
        package var workers: Int

        package init(
            executable: String, dataDirectory: String, endpoints: [String], databaseURL: String,
            database: PrivateServerPlace? = nil, isSecure: Bool = false, payloadPlace: PayloadPlace = .segments,
            workers: Int
        ) {
            self.executable = executable
            self.dataDirectory = dataDirectory
            self.endpoints = endpoints
            self.databaseURL = databaseURL
            self.database = database
            self.isSecure = isSecure
            self.payloadPlace = payloadPlace
            self.workers = workers
        }
    }

    /// What reaches the supervisor from other threads.
    package enum Event: Sendable {
        case printed(Supervision.Service, line: String)
        case ended(Supervision.Service, status: Int32)
        case scale(Int)
    }

    /// Post `.scale` here from any thread.
    package let mailbox: Mailbox<Event>

    private struct Running {
        let process: any SupervisedProcess
        let thread: NodeThread
    }

    private let configuration: Configuration
    private let logger = Logger(label: "auscult.supervisor")
    private let lifeline: Lifeline
    private var plan: Supervision
    private var running: [Supervision.Service: Running] = [:]
    private var unready: Set<Supervision.Service> = []
    private var isReady = false
    private var startFailure: SupervisorError?

    package init(_ configuration: Configuration) throws {
        self.configuration = configuration
        mailbox = try Mailbox()
        lifeline = try Lifeline()
        plan = Supervision(
            workers: configuration.workers, standby: configuration.endpoints.count > 1,
            database: configuration.database != nil)
    }

    /// Starts everything, calls `ready` once all services are up, and returns when all have stopped.
    ///
    /// Throws when a service ends before everything was up: what it wrote on standard error says why.
    package func run(until stop: StopSignal, ready: () throws -> Void) throws {
        perform(plan.start(now: SteadyClock.milliseconds))
        while !plan.isFinished {
            wait(stop)
            for event in mailbox.drain() { handle(event) }
            if stop.reason() != nil {
                stop.unblock()
                perform(plan.stop(now: SteadyClock.milliseconds))
            }
            perform(plan.tick(now: SteadyClock.milliseconds))
            if !isReady, unready.isEmpty, startFailure == nil {
                isReady = true
                try ready()
            }
        }
        if let startFailure { throw startFailure }
    }

    private func handle(_ event: Event) {
        let now = SteadyClock.milliseconds
        switch event {
        case .printed(let service, let line):
            if line.contains("\"ready\"") { unready.remove(service) }
        case .ended(let service, let status):
            join(service)
            // A worker that nobody here has stopped ends in good order only when an operator has drained it.
            var drained = false
            if case .worker = service { drained = status == 0 }
            perform(plan.ended(service, drained: drained, now: now))
            if !isReady, startFailure == nil {
                startFailure = SupervisorError(
                    "the \(service) did not start (exit status \(status)); its own message is above")
                // What has ended by now is not started again.
                perform(plan.stop(now: now))
            } else if status != 0 {
                logger.warning("\(service) ended with status \(status)")
            }
        case .scale(let workers):
            perform(plan.scale(to: workers, now: now))
        }
    }

    private func perform(_ actions: [Supervision.Action]) {
        for action in actions {
            switch action {
            case .start(let service): start(service)
            case .terminate(let service): running[service]?.process.terminate()
            case .kill(let service): running[service]?.process.kill()
            }
        }
    }

    private func start(_ service: Supervision.Service) {
        if !isReady { unready.insert(service) }
        do {
            let process = try makeProcess(of: service)
            let (thread, _) = try NodeThread.start("wait \(service)") { [mailbox] in
                (
                    (),
                    {
                        let status = process.run { mailbox.post(.printed(service, line: $0)) }
                        mailbox.post(.ended(service, status: status))
                    }
                )
            }
            running[service] = Running(process: process, thread: thread)
        } catch {
            logger.error("cannot start \(service): \(error)")
            mailbox.post(.ended(service, status: 1))
        }
    }

    private func makeProcess(of service: Supervision.Service) throws -> any SupervisedProcess {
        if service == .database, let place = configuration.database { return DatabaseProcess(place, logger: logger) }
        return try ChildProcess(
            executable: configuration.executable, arguments: arguments(of: service),
            environment: environment(of: service), lifeline: lifeline.readingEnd)
    }

    private func join(_ service: Supervision.Service) {
        guard let ended = running.removeValue(forKey: service) else { return }
        do { try ended.thread.join() } catch { logger.error("waiting for \(service): \(error)") }
    }

    private func arguments(of service: Supervision.Service) -> [String] {
        let brokers = configuration.endpoints.joined(separator: ",")
        let data = configuration.dataDirectory
        return switch service {
        case .database: []
        case .broker: brokerArguments(listen: configuration.endpoints[0], name: "broker")
        case .standby: brokerArguments(listen: configuration.endpoints[1], name: "standby")
        case .coordinator: ["coordinator", "--to", brokers, "--data", "\(data)/coordinator"]
        case .worker:
            ["worker", "--to", brokers, "--name", service.description, "--cache", "\(data)/features"]
        }
    }

    /// The two brokers run the same command and share the clips' bytes; which of them leads is not decided here.
    private func brokerArguments(listen: String, name: String) -> [String] {
        [
            "broker", "--listen", listen, "--data", "\(configuration.dataDirectory)/broker", "--name", name,
            "--clip-store", configuration.payloadPlace.rawValue,
        ]
    }

    private func environment(of service: Supervision.Service) -> [String: String] {
        let role: Principal.Role =
            switch service {
            case .database, .broker, .standby: .broker
            case .coordinator: .coordinator
            case .worker: .worker
            }
        var environment: [String: String] = [:]
        // A worker has nothing to ask the database, whoever gets hold of it.
        if case .worker = service {
            environment["AUSCULT_DATABASE"] = ""
            environment["AUSCULT_DATA"] = ""
        } else {
            environment["AUSCULT_DATABASE"] = configuration.databaseURL
        }
        if configuration.isSecure {
            environment["AUSCULT_KEYS"] = KeyFile.path(of: role, inDataDirectory: configuration.dataDirectory)
        }
        return environment
    }

    /// Blocks until an event, a signal or the plan's next deadline.
    private func wait(_ stop: StopSignal) {
        var polls = (stop.descriptors + [mailbox.signal.descriptor]).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let timeout = plan.nextDeadline.map { max(0, $0 - SteadyClock.milliseconds) } ?? -1
        _ = poll(&polls, nfds_t(polls.count), Int32(clamping: timeout))
    }
}

package struct SupervisorError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
