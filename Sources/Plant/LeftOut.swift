/// A clip, or a whole machine, that a training, an evaluation or a calibration had to do without, and why.
package struct LeftOut: Hashable, Encodable, Sendable {
    package var machine: MachineName
    /// Its path in the dataset; nil where it is the machine as a whole.
    package var clip: String?
    /// A sentence that says what is wrong.
    package var reason: String

    package init(machine: MachineName, clip: String? = nil, reason: String) {
        (self.machine, self.clip, self.reason) = (machine, clip, reason)
    }

    private enum CodingKeys: CodingKey { case machine, clip, reason }

    /// Every key is there, null where it is the machine as a whole.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(machine.description, forKey: .machine)
        try values.encode(clip, forKey: .clip)
        try values.encode(reason, forKey: .reason)
    }
}
