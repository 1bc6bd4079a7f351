private import Glibc
package import Plant

/// What a network and the log-mel say of one window of a clip, asked about one machine.
///
/// It is what calibration rests on, and small enough to travel: no weights and no sound.
package struct Measurement: Sendable, Equatable {
    /// Natural logarithm; with the margin at the machine's class.
    package var logOdds: Double
    /// 1 − the cosine with the nearest centre of the machine's class.
    package var centreDistance: Double
    /// Of unit length. **Shape** (embeddingSize).
    package var embedding: [Float]
    /// `LogMel.timeStatistics`. **Shape** (2 · melBands).
    package var timeStatistics: [Float]

    package init(logOdds: Double, centreDistance: Double, embedding: [Float], timeStatistics: [Float]) {
        self.logOdds = logOdds
        self.centreDistance = centreDistance
        self.embedding = embedding
        self.timeStatistics = timeStatistics
    }

    /// log(1 + exp g) of the log-odds g.
    package var crossEntropy: Double { max(logOdds, 0) + log1p(exp(-abs(logOdds))) }
}

/// The measurement of a clip whose machine is known.
package struct MeasuredClip: Sendable, Equatable {
    package var machine: MachineName
    package var measurement: Measurement

    package init(machine: MachineName, measurement: Measurement) {
        self.machine = machine
        self.measurement = measurement
    }
}
