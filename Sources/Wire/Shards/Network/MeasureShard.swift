package import Plant
internal import SwiftProtobuf

/// A shard of kind "os-scl.measure": what a network at rest makes of normal clips.
package struct MeasureShard: Hashable, Sendable {
    package static let kind = "os-scl.measure"

    package var task: NetworkTask
    /// The class table.
    package var machines: [MachineName]
    package var clips: [ShardClip]

    package init(task: NetworkTask, machines: [MachineName], clips: [ShardClip]) {
        self.task = task
        self.machines = machines
        self.clips = clips
    }

    /// What became of the shard's clips, in their order.
    package struct Output: Hashable, Sendable {
        package struct Measures: Hashable, Sendable {
            package var logOdds: Double
            package var centreDistance: Double
            package var embedding: [Float]
            package var timeStatistics: [Float]

            package init(logOdds: Double, centreDistance: Double, embedding: [Float], timeStatistics: [Float]) {
                self.logOdds = logOdds
                self.centreDistance = centreDistance
                self.embedding = embedding
                self.timeStatistics = timeStatistics
            }
        }

        package var clips: [ClipOutcome<Measures>]

        package init(clips: [ClipOutcome<Measures>]) { self.clips = clips }
    }
}

extension MeasureShard {
    package func encoded() -> [UInt8] {
        encode(
            WireMeasureShard.with {
                $0.task = task.message
                $0.machines = machines.map { machine in
                    .with {
                        $0.type = machine.type
                        $0.id = machine.id
                    }
                }
                $0.clips = clips.map(\.message)
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireMeasureShard.self, from: bytes)
        task = try NetworkTask(message.task)
        machines = try message.machines.map { machine throws(WireError) in
            guard let name = MachineName(type: machine.type, id: machine.id) else {
                throw WireError(.badBody, "the class table names \"\(machine.type)/\(machine.id)\", which is none")
            }
            return name
        }
        clips = try message.clips.map(ShardClip.init)
    }
}

extension MeasureShard.Output {
    package func encoded() -> [UInt8] {
        encode(
            WireMeasureShardOutput.with {
                $0.clips = clips.map { outcome in
                    .with {
                        switch outcome {
                        case .done(let measures):
                            $0.logOdds = measures.logOdds
                            $0.centreDistance = measures.centreDistance
                            $0.embedding = .init(wire: measures.embedding)
                            $0.timeStatistics = .init(wire: measures.timeStatistics)
                        case .unusable(let reason): $0.failure = reason
                        }
                    }
                }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        clips = try decode(WireMeasureShardOutput.self, from: bytes).clips.map { clip throws(WireError) in
            guard clip.failure.isEmpty else { return .unusable(reason: clip.failure) }
            return .done(
                Measures(
                    logOdds: clip.logOdds, centreDistance: clip.centreDistance,
                    embedding: try numbers(clip.embedding, of: "an embedding"),
                    timeStatistics: try numbers(clip.timeStatistics, of: "time statistics")))
        }
    }
}
