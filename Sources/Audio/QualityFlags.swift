/// What is peculiar about a clip. Some flags forbid a score, for it would judge the sensor and not the machine; the
/// others only annotate it.
package struct QualityFlags: OptionSet, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The level stays below -80 dB of full scale.
    package static let silence = Self(rawValue: 1 << 0)
    /// One value is repeated for more than a second.
    package static let stuckSamples = Self(rawValue: 1 << 1)
    /// More than 0.1 % of the samples, or three in a row, lie at the end of the scale.
    package static let clipping = Self(rawValue: 1 << 2)
    /// A floating-point sample exceeds full scale.
    package static let levelTooHigh = Self(rawValue: 1 << 3)
    /// The mean lies more than 0.01 of full scale away from 0.
    package static let dcOffset = Self(rawValue: 1 << 4)
    /// Runs of zeros interrupt the sound.
    package static let droppedPackets = Self(rawValue: 1 << 5)
    /// A part of the band that the model hears is empty: the recorder was slower than its header says, or sampled slower
    /// than the model.
    package static let lowBandwidth = Self(rawValue: 1 << 6)
    /// The file has several channels and nobody said which one to take; it was channel 0.
    package static let multiChannel = Self(rawValue: 1 << 7)
    /// The file had to be repaired to be read.
    package static let repaired = Self(rawValue: 1 << 8)
    /// A buffer was delivered twice in a row; a perfectly periodic sound looks the same.
    package static let repeatedBuffer = Self(rawValue: 1 << 9)

    /// The flags that forbid a score.
    package static let sensorFaults: Self = [.silence, .stuckSamples]

    /// The names of all flags, in the order of their bits.
    private static let names = [
        "silence", "stuckSamples", "clipping", "levelTooHigh", "dcOffset", "droppedPackets", "lowBandwidth",
        "multiChannel", "repaired", "repeatedBuffer",
    ]

    /// The names of the flags that are set, for results and messages.
    package var names: [String] {
        Self.names.indices.filter { rawValue & 1 << $0 != 0 }.map { Self.names[$0] }
    }

    package var description: String { names.joined(separator: " ") }
}
