internal import SwiftProtobuf
package import Wire

/// One message of every command, with every field set: what round trips and fuzzing start from.
package enum WireSamples {
    package static let all: [Envelope] = Command.allCases.enumerated().map { index, command in
        Envelope(message(of: command), sequence: UInt32(index) &+ 4_000_000_000)
    }

    /// Exhaustive, so that no new command can be forgotten.
    package static func message(of command: Command) -> WireMessage {
        switch command {
        case .hello:
            .hello(
                .with {
                    ($0.role, $0.lane, $0.peer, $0.session) = (.worker, .data, "worker-1", "5f0c")
                    ($0.minorVersion, $0.software, $0.host, $0.process) = (3, "auscult 1.0", "plant-4", 4711)
                    $0.credits = 4
                    $0.held = [.with { ($0.token, $0.job, $0.finished, $0.shard) = (1 << 32 | 7, 12, true, shardKey) }]
                })
        case .welcome:
            .welcome(
                .with {
                    ($0.epoch, $0.minorVersion) = (9, 1)
                    $0.limits = .with {
                        ($0.heartbeatMilliseconds, $0.missedHeartbeats) = (1_000, 3)
                        ($0.payloadBytes, $0.partBytes, $0.creditBytes) = (64 << 20, 1 << 20, 8 << 20)
                    }
                })
        case .heartbeat:
            .heartbeat(
                .with {
                    $0.progress = [.with { ($0.token, $0.counter) = (1 << 32 | 7, 3) }]
                    ($0.credits, $0.draining) = (2, true)
                })
        case .drain: .drain(.init())
        case .goodbye: .goodbye(.with { $0.reason = "drained" })
        case .submit:
            .submit(
                .with {
                    ($0.key, $0.site, $0.machine, $0.recordedAt) = ("k-1", "north", machine, 1_700_000_000_000_000)
                    ($0.sha256, $0.format, $0.length, $0.name) = (
                        .init(repeating: 0xab, count: 32), .logMel, 5, "a.npy"
                    )
                    ($0.channel, $0.feature, $0.follow, $0.priority) = (2, feature, true, .urgent)
                })
        case .accepted: .accepted(.with { ($0.key, $0.job, $0.duplicate) = ("k-1", 1 << 40, true) })
        case .busy: .busy(.with { ($0.key, $0.retryAfterMilliseconds) = ("k-1", 250) })
        case .reject: .reject(WireError(.unknownMachine, "a.wav: no machine \"fan/id_99\" is known"), key: "k-1")
        case .outcome:
            .outcome(.with { ($0.key, $0.job, $0.score, $0.queueMilliseconds) = ("k-1", 12, score, 4.5) })
        case .follow: .follow(.with { ($0.key, $0.job) = ("k-1", 12) })
        case .dispatch:
            .dispatch(
                .with {
                    ($0.token, $0.job, $0.attempt) = (1 << 32 | 7, 12, 2)
                    $0.score = .with {
                        ($0.machine, $0.format, $0.name, $0.channel) = (machine, .audio, "a.wav", 1)
                        ($0.feature, $0.modelVersion) = (feature, "density-3")
                        $0.modelSha256 = .init(repeating: 0xcd, count: 32)
                    }
                })
        case .result:
            .result(
                .with {
                    ($0.token, $0.job, $0.computeMilliseconds) = (1 << 32 | 7, 0, 41)
                    $0.shard = .with { ($0.key, $0.sha256) = (shardKey, .init(repeating: 0xef, count: 32)) }
                })
        case .resultAck: .resultAck(.with { ($0.token, $0.job) = (1 << 32 | 7, 12) })
        case .cancel: .cancel(.with { $0.token = 1 << 32 | 7 })
        case .put:
            .put(.with { ($0.sha256, $0.length, $0.durable) = (.init(repeating: 1, count: 32), 5, true) })
        case .stored: .stored(.with { $0.sha256 = .init(repeating: 1, count: 32) })
        case .fetch: .fetch(.with { $0.sha256 = .init(repeating: 1, count: 32) })
        case .content: .content(.with { ($0.sha256, $0.length) = (.init(repeating: 1, count: 32), 5) })
        case .askShards:
            .askShards(
                .with {
                    $0.shards = [
                        .with {
                            ($0.key, $0.kind, $0.preferredWorker) = (shardKey, "embed", "worker-1")
                            $0.specification = .init(repeating: 2, count: 9)
                        }
                    ]
                })
        case .shardDone:
            .shardDone(
                .with {
                    ($0.key, $0.sha256, $0.worker) = (shardKey, .init(repeating: 3, count: 32), "worker-1")
                    $0.computeMilliseconds = 41
                    $0.failure = .with { ($0.code, $0.reason, $0.permanent) = (409, "out of memory", true) }
                })
        case .forgetShards: .forgetShards(.with { $0.run = 5 })
        case .askStatus: .askStatus(.init())
        case .status:
            .status(
                .with {
                    ($0.epoch, $0.queuedClips, $0.queuedShards, $0.leased) = (9, 1, 2, 3)
                    ($0.unwrittenResults, $0.accepted, $0.scored, $0.dead) = (4, 5, 6, 7)
                    $0.workers = [
                        .with {
                            ($0.name, $0.host, $0.process, $0.leased) = ("worker-1", "plant-4", 4711, 1)
                            ($0.credits, $0.draining, $0.finished) = (4, true, 88)
                        }
                    ]
                })
        case .drainWorker: .drainWorker(.with { $0.worker = "worker-1" })
        case .done: .done(.init())
        }
    }

    private static let machine = WireMachine.with { ($0.type, $0.id) = ("fan", "id_00") }

    private static let feature = WireLogMelParameters.with {
        ($0.sampleRateHz, $0.fftLength, $0.hopLength) = (16_000, 2_048, 512)
        ($0.melBands, $0.reflectPadding) = (128, true)
    }

    private static let shardKey = WireShardKey.with {
        ($0.run, $0.step, $0.phase, $0.shard, $0.copy) = (5, 100, 1, 7, 1)
    }

    private static let score = WireScore.with {
        ($0.modelVersion, $0.score, $0.logOdds, $0.threshold) = ("density-3", 11.5, 0.25, 9)
        ($0.verdict, $0.neighbourDistance, $0.flags) = ("anomalous", 3.5, ["clipping"])
        $0.computeMilliseconds = 12
        $0.reason = "flutter between 2.0 and 2.4 kHz, 6 dB above 120 normal clips"
        $0.shares = [.with { ($0.spectrum, $0.lowHz, $0.highHz, $0.share) = ("flutter", 2012.5, 2431, 0.375) }]
    }
}
