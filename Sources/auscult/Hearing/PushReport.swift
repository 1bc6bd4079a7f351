import ArgumentParser
import Datasets
import Nodes
import Plant
import Wire

/// Prints one line per clip, and counts.
final class PushReport {
    /// Every line has every key, null where there is nothing to say; those of the score only when it was waited for.
    private struct Line: Encodable {
        var followed = false
        let path: FilePath
        var key: String?
        var job: Int64?
        let status: String
        var error: String?
        var score: Double?
        var logOdds: Double?
        var threshold: Double?
        var verdict: String?
        var flags: [String]?
        var neighbourDistance: Double?
        var reason: String?
        var shares: [ScoreShare]?
        var modelVersion: String?
        var queueMilliseconds: Double?
        var computeMilliseconds: Double?

        private enum Key: CodingKey {
            case path, key, job, status, error
            case score, logOdds, threshold, verdict, flags, reason, shares, neighbourDistance, modelVersion
            case queueMilliseconds, computeMilliseconds
        }

        func encode(to encoder: any Encoder) throws {
            var line = encoder.container(keyedBy: Key.self)
            try line.encode(path.text, forKey: .path)
            try line.encode(key, forKey: .key)
            try line.encode(job, forKey: .job)
            try line.encode(status, forKey: .status)
            try line.encode(error, forKey: .error)
            guard followed else { return }
            try line.encode(score, forKey: .score)
            try line.encode(logOdds, forKey: .logOdds)
            try line.encode(threshold, forKey: .threshold)
            try line.encode(verdict, forKey: .verdict)
            try line.encode(flags, forKey: .flags)
            try line.encode(neighbourDistance, forKey: .neighbourDistance)
            try line.encode(reason, forKey: .reason)
            try line.encode(shares, forKey: .shares)
            try line.encode(modelVersion, forKey: .modelVersion)
            try line.encode(queueMilliseconds, forKey: .queueMilliseconds)
            try line.encode(computeMilliseconds, forKey: .computeMilliseconds)
        }
    }

    private let json: Bool
    private let followed: Bool
    private var counts: [String: Int] = [:]
    /// The first line that could not be written; the clips are pushed all the same.
    private var failure: (any Error)?

    init(json: Bool, followed: Bool) {
        (self.json, self.followed) = (json, followed)
    }

    func reject(_ path: FilePath, _ reason: String) {
        show(Line(path: path, status: "rejected", error: reason))
    }

    func note(_ clip: OutgoingClip, _ answer: GatewayClient.Answer) {
        switch answer {
        case .accepted(let acceptance):
            if !followed { show(line(clip, acceptance)) }
        case .scored(let score, let acceptance, let queueMilliseconds):
            var line = line(clip, acceptance)
            line.score = score.score
            line.logOdds = score.hasLogOdds ? score.logOdds : nil
            line.threshold = score.hasThreshold ? score.threshold : nil
            line.verdict = score.verdict
            line.flags = score.flags
            line.neighbourDistance = score.hasNeighbourDistance ? score.neighbourDistance : nil
            line.reason = score.reason.isEmpty ? nil : score.reason
            line.shares = score.shares.map(ScoreShare.init)
            line.modelVersion = score.modelVersion
            line.queueMilliseconds = queueMilliseconds
            line.computeMilliseconds = score.computeMilliseconds
            show(line)
        case .dead(let failure, let acceptance):
            var line = line(clip, acceptance)
            line.error = failure.reason
            counts["dead", default: 0] += 1
            show(line)
        case .rejected(let error):
            let name = clip.source.description
            let sentence = error.reason.hasPrefix(name) ? error.reason : "\(name): \(error.reason)"
            show(Line(path: clip.source, key: clip.key, status: "rejected", error: sentence))
        }
    }

    private func line(_ clip: OutgoingClip, _ acceptance: GatewayClient.Acceptance) -> Line {
        Line(
            path: clip.source, key: clip.key, job: acceptance.job,
            status: acceptance.duplicate ? "duplicate" : "accepted")
    }

    /// Says how many there were; throws where one was rejected, could not be scored, or could not be told of.
    func finish() throws {
        let parts = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        Console.note(parts.joined(separator: ", "))
        if let failure { throw failure }
        if counts["rejected"] != nil || counts["dead"] != nil { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private func show(_ line: Line) {
        counts[line.status, default: 0] += 1
        if json {
            var line = line
            line.followed = followed
            do { try Console.json(line) } catch { failure = failure ?? error }
            return
        }
        var text = "\(line.path)\t\(line.status)"
        if let score = line.score { text += "\t\(score.rounded(toPlaces: 3))\t\(line.verdict ?? "")" }
        for flag in line.flags ?? [] { text += "\t\(flag)" }
        if line.verdict == "anomalous", let reason = line.reason { text += "\t\(reason)" }
        if let error = line.error { text += "\t\(error)" }
        Console.line(text)
    }
}
