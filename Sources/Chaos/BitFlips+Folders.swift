internal import Datasets
internal import FoundationEssentials
internal import Nodes
internal import Plant
internal import Wire

/// Harms to the stores of one process each: the feature cache, a coordinator's journal, a gateway's outbox.
extension BitFlips {
    /// Decoded clips: what is harmed is decoded again.
    func featureCache(_ harms: Int) throws -> BitFlipReport {
        var report = BitFlipReport("feature cache")
        let folder = "\(directory)/features"
        let cache = try FeatureCache(directory: folder, byteLimit: 1 << 30)
        for number in 0..<harms {
            let key = ContentHash(of: Array("\(number)".utf8))
            let values = (0..<512).map { Float($0 &* number) / 7 }
            cache.keep(key, values)
            if number % 8 == 7 {
                // Whole, and another clip's.
                let other = ContentHash(of: Array("\(number - 1)".utf8))
                cache.keep(other, values.reversed())
                try FileManager.default.removeItem(atPath: "\(folder)/\(key)")
                try FileManager.default.moveItem(atPath: "\(folder)/\(other)", toPath: "\(folder)/\(key)")
            } else {
                try BitFlip(&dice).harm(file: "\(folder)/\(key)")
            }
            report.harms += 1
            report.damaged += 1
            let found = cache.find(key)
            if found == nil { report.named += 1 } else { report.wrong += 1 }
            cache.keep(key, values)
            if cache.find(key) != values { report.silent += 1 }
        }
        return report
    }

    /// The steps of a training: those before the harm are as they were, the others are computed again.
    func journal(_ harms: Int) throws -> BitFlipReport {
        var report = BitFlipReport("journal")
        let folder = "\(directory)/journal"
        let records = (0..<6).map { step in
            StepJournal.Record(
                step: step, after: ContentHash(of: [UInt8(step)]),
                change: (0..<400).map { UInt8(($0 * (step + 3)) & 255) })
        }
        for run in 1...Int64(max(harms, 1)) {
            let journal = try StepJournal(directory: folder)
            for record in records { journal.append(record, of: run) }
            let file = "\(folder)/run-\(run).journal"
            let whole = try Data(contentsOf: URL(filePath: file))
            let flip = BitFlip(&dice)
            try flip.harm(file: file)
            let length = whole.count / records.count
            let first = min(Int(flip.place * Double(whole.count)), whole.count - 1) / length
            report.harms += 1
            report.damaged += 1
            // A coordinator after another, whose own steps can be read again by the next.
            let found = try StepJournal(directory: folder).records(of: run)
            if found == Array(records[..<first]) { report.named += 1 } else { report.wrong += 1 }
            let next = try StepJournal(directory: folder)
            next.append(records[first], of: run)
            if try StepJournal(directory: folder).records(of: run) != Array(records[...first]) { report.silent += 1 }
        }
        return report
    }

    /// Clips on their way: each is either what it was or put aside with a reason.
    func outbox(_ harms: Int) throws -> BitFlipReport {
        var report = BitFlipReport("outbox")
        for number in 0..<harms {
            let folder = "\(directory)/outbox-\(number)"
            let clips = try (0..<3).map { try clip(number, $0) }
            do {
                let outbox = try ClipOutbox(folder)
                for clip in clips { try outbox.store(clip.clip, bytes: clip.bytes) }
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != "rejected" }.sorted()
            let victim = files[Int.random(in: files.indices, using: &dice)]
            if number % 8 == 7 {
                try FileManager.default.removeItem(atPath: "\(folder)/\(victim)")
            } else {
                try BitFlip(&dice).harm(file: "\(folder)/\(victim)")
            }
            report.harms += 1
            report.damaged += 1
            // Opened again, as by a gateway that was restarted.
            let outbox = try ClipOutbox(folder)
            var sound: Set<String> = []
            for entry in try outbox.entries(after: 0, limit: 9) {
                switch entry {
                case .damaged(let number, _, let error): try outbox.setAside(number, named: "clip", error)
                case .clip(let item):
                    guard let original = clips.first(where: { $0.clip.key == item.clip.key }) else {
                        report.wrong += 1
                        continue
                    }
                    do throws(WireError) {
                        let bytes = try item.clip.bytes()
                        let isSame =
                            bytes == original.bytes && item.clip.machine == original.clip.machine
                            && item.clip.site == original.clip.site && item.clip.recordedAt == original.clip.recordedAt
                        if isSame { sound.insert(item.clip.key) } else { report.wrong += 1 }
                    } catch {
                        try outbox.reject(item, error)
                    }
                }
            }
            let reasons = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/rejected")
                .count { $0.hasSuffix(".reason.txt") }
            report.named += min(reasons, 1)
            report.silent += clips.count - sound.count - reasons
        }
        return report
    }

    private func clip(_ number: Int, _ index: Int) throws -> (clip: OutgoingClip, bytes: [UInt8]) {
        guard let machine = MachineName("fan/id_0\(index)") else { throw ChaosError("no such machine") }
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* (number + 7) &+ index) }
        let clip = OutgoingClip(
            try ClipFile(FilePath("/plant/\(number)-\(index).wav"), format: .audio, changedAt: Int64(number)),
            machine: machine, site: "north", key: nil, recordedAt: Int64(number), bytes: bytes, channel: 0)
        return (clip, bytes)
    }
}
