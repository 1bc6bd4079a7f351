/// The images that a network hears, in the order in which they are stacked; the log-mel is always among them.
package struct ChannelList: Sendable, Hashable {
    package let channels: [Architecture.Channel]

    /// What to choose from, as a sentence lists it.
    package static let choices = "logmel, logmel,tgram, logmel,tfgram or logmel,tgram,tfgram"

    /// Nil where a name is unknown or comes twice, or the log-mel is missing; the order of the names does not matter.
    package init?(names: [String]) {
        channels = Architecture.Channel.allCases.filter { names.contains($0.rawValue) }
        guard channels.count == names.count, channels.contains(.logMel) else { return nil }
    }
}

extension ChannelList: LosslessStringConvertible {
    /// - Parameter description: names with commas between them, such as "logmel,tgram".
    package init?(_ description: String) {
        self.init(names: description.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    }

    package var description: String { channels.map(\.rawValue).joined(separator: ",") }
}

extension ChannelList: Codable {
    /// A list of names.
    package init(from decoder: any Decoder) throws {
        let names = try decoder.singleValueContainer().decode([String].self)
        guard let list = ChannelList(names: names) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "\"\(names.joined(separator: ","))\"; choose \(Self.choices)"))
        }
        self = list
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(channels.map(\.rawValue))
    }
}
