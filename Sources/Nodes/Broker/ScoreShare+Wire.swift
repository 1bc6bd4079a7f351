package import Plant
internal import SwiftProtobuf
package import Wire

extension ScoreShare {
    package init(_ message: WireScoreShare) {
        self.init(
            spectrum: message.spectrum, lowHz: message.lowHz, highHz: message.highHz, share: message.share)
    }

    var message: WireScoreShare {
        .with { ($0.spectrum, $0.lowHz, $0.highHz, $0.share) = (spectrum, lowHz, highHz, share) }
    }
}
