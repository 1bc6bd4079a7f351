/// Something that goes wrong in a running cluster, and for how long.
package struct ChaosFault: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case killWorker, stopWorker, killGateway, stopGateway, killBroker, stopBroker, killStandby, crashDatabase
        /// Another program takes all room of the disk that holds the clips.
        case fillDisk
        /// Nothing passes between a gateway and the brokers, and every connection stays open.
        case pauseNetwork
        /// A few bytes now and then pass.
        case trickleNetwork

        /// How long it may last, milliseconds; what is killed is dead at once.
        var spans: ClosedRange<Int64> {
            switch self {
            case .killWorker, .killGateway, .killBroker, .killStandby, .crashDatabase: 0...0
            case .stopWorker, .stopGateway, .stopBroker: 500...8_000
            case .fillDisk: 6_000...10_000
            case .pauseNetwork, .trickleNetwork: 2_000...8_000
            }
        }
    }

    package let kind: Kind
    /// Milliseconds since the run's begin.
    package let at: Int64
    /// Milliseconds.
    package let span: Int64
    /// Chooses the victim where there are several.
    let choice: Int
}
