import Ledger
import Plant
import Testing

/// Records for the suite; each differs from the next in every member that may differ.
enum Samples {
    static let feature = FeatureRecord(
        sampleRateHz: 16_000, fftLength: 1024, hopLength: 512, melBands: 128, reflectPadding: true)

    static func machine(_ name: String = "fan/id_00") throws -> MachineName { try #require(MachineName(name)) }

    static func hash(_ text: String) -> ContentHash { ContentHash(of: Array(text.utf8)) }

    static func clip(_ key: String, site: String = "north", content: String? = nil) throws -> ClipRecord {
        ClipRecord(
            key: key, site: site, machine: try machine(), recordedAt: 1_700_000_000_000_001,
            sha256: hash(content ?? key), format: .audio, name: "\(key) Lüfter.wav", channel: 3, feature: nil,
            location: SegmentLocation(segment: 7, offset: 1 << 40, length: 320_044))
    }

    static func logMelClip(_ key: String) throws -> ClipRecord {
        ClipRecord(
            key: key, site: "south", machine: try machine("valve/id_06"), recordedAt: -1, sha256: hash(key),
            format: .logMel, name: "", channel: 0, feature: feature, priority: .urgent,
            location: SegmentLocation(segment: 0, offset: 0, length: 0))
    }

    static func result(_ job: Int64, model: String = "density-1", score: Double = 0.1) -> OutcomeRecord {
        OutcomeRecord(
            job: job, attempt: 2, worker: "worker-1",
            ending: .scored(
                ScoreRecord(
                    modelVersion: model, score: score, logOdds: -24.5, threshold: 1.5, verdict: "anomalous",
                    neighbourDistance: 0.25, flags: ["clipping", "dc, offset"], reason: "crest above 6 'kHz'",
                    shares: [ScoreShare(spectrum: "crest", lowHz: 6012.5, highHz: 7000, share: 0.75)],
                    queueMilliseconds: 1.25, computeMilliseconds: 30.5)))
    }

    static func bareResult(_ job: Int64) -> OutcomeRecord {
        OutcomeRecord(
            job: job, attempt: 1, worker: "worker-2",
            ending: .scored(
                ScoreRecord(
                    modelVersion: "density-2", score: -1, logOdds: nil, threshold: nil, verdict: "normal",
                    neighbourDistance: nil, flags: [], queueMilliseconds: 0, computeMilliseconds: 0)))
    }

    static func death(_ job: Int64) -> OutcomeRecord {
        OutcomeRecord(job: job, attempt: 3, worker: "worker-1", ending: .dead(code: 205, reason: "no audio: 'x'"))
    }

    static func failure(_ job: Int64, attempt: Int) -> OutcomeRecord {
        OutcomeRecord(
            job: job, attempt: attempt, worker: "worker-1", ending: .failedAttempt(code: 301, reason: "worker died"))
    }

    static func datasetClip(
        _ path: String, machine name: String = "fan/id_00", split: DatasetClip.Split = .train, isAnomaly: Bool = false
    ) throws -> DatasetClip {
        DatasetClip(
            machine: try machine(name), split: split, isAnomaly: isAnomaly, format: .logMel, path: path,
            sha256: hash(path), channel: 1)
    }

    static func model(_ content: String, kind: String = "density", machines: [String] = ["fan/id_00"]) throws
        -> ModelDraft
    {
        ModelDraft(
            kind: kind, file: Array(content.utf8), weightsHash: hash("weights of \(content)"), feature: feature,
            dataset: nil, machines: try machines.map(machine), metadata: #"{"clips": 240}"#)
    }

    static func request(_ kind: RunRequest.Kind = .train, model: String = "density") -> RunRequest {
        RunRequest(kind: kind, model: model, dataset: "plant", specification: #"{"seed": 1}"#)
    }

    static func shard(_ shard: Int, step: Int = 1, output: String = "output") -> ShardRecord {
        ShardRecord(
            step: step, phase: 1, shard: shard, outputHash: hash("\(output) \(shard)"), worker: "worker-1",
            computeMilliseconds: 12.5)
    }

    static func step(_ step: Int, weights: String = "weights") -> StepRecord {
        StepRecord(
            step: step, loss: 1 / Double(step), learningRate: nil, weightsHash: hash(weights), clipsPerSecond: 9.5)
    }
}
