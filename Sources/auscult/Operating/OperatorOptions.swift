import ArgumentParser
import Glibc
import Nodes
import Plant

/// Which part of the queue a command is about.
struct ScopeOptions: ParsableArguments {
    @Option(help: "Clips of this site.") var site: String?
    @Option(help: "Clips of machines of this type.") var machineType: String?
    @Flag(help: "The whole queue.") var all = false

    var isGiven: Bool { site != nil || machineType != nil }

    func scope(kind: QueueScope.Kind? = nil) -> QueueScope {
        QueueScope(kind: kind, site: site, machineType: machineType)
    }
}

/// Why somebody does something to the queue.
struct ReasonOptions: ParsableArguments {
    @Option(help: "Why; kept with the order.") var reason = ""
}

/// The person who types, for the record: `user@host`.
enum Author {
    static var name: String {
        let account = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
        return "\(ProcessEnvironment["SUDO_USER"] ?? account ?? "somebody")@\(PeerIdentity.hostName)"
    }
}

extension QueueScope.Kind: ExpressibleByArgument {}
