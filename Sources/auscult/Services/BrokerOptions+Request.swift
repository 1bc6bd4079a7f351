import Glibc
import Logging
import Messaging
import Nodes
import Plant
import Wire

extension BrokerOptions {
    /// Asks the broker one thing as an operator.
    ///
    /// - Parameter purpose: part of the name we have at the broker.
    func request(_ message: WireMessage, as purpose: String) throws -> WireMessage {
        let link = try PeerLink.open(
            .init(
                identity: .init(role: .operator, name: "\(purpose)-\(PeerIdentity.hostName)-\(getpid())"),
                endpoints: endpoints(), security: security(for: .operator),
                logger: Logger(label: "auscult.\(purpose)"))
        ) { _ in }
        let answer = try link.request(message, timeout: .seconds(5)).message
        try link.close(reason: "asked")
        return answer
    }
}
