package import Files
package import Ledger
internal import Messaging
package import Plant

/// Proves everything that is stored against its hash, one piece after the other, and writes down what is damaged, before
/// anybody needs it: the bytes of clips and of content, model files, checkpoints.
///
/// Belongs to one thread: calls block.
package final class Scrub {
    package struct Report: Hashable, Sendable {
        package var payloads = 0
        package var bytes: Int64 = 0
        package var damage: [Damage] = []
    }

    /// Payloads asked about at once.
    private static let page = 256

    private let ledger: any BrokerLedger
    private let files: [PayloadKind: SegmentFiles]
    private let rows: [PayloadKind: RowStore]

    /// - Parameter directory: the broker's data directory; throws where it has no segments, since it is then another's.
    package init(directory: String, ledger: any BrokerLedger) throws(FileError) {
        self.ledger = ledger
        files = [
            .clips: SegmentFiles(try Folder(existing: "\(directory)/clips")),
            .content: SegmentFiles(try Folder(existing: "\(directory)/content")),
        ]
        rows = [.clips: RowStore(.clips) { ledger }, .content: RowStore(.content) { ledger }]
    }

    /// Looks at everything once.
    ///
    /// - Parameters:
    ///   - found: called for each damage that was not known before, once it is written down.
    ///   - pause: called with the length of each payload after it was read; false ends it.
    /// - Throws: when the database or the disk cannot be asked; nothing is called damaged for that.
    package func run(found: (Damage) -> Void, pause: (Int64) throws -> Bool = { _ in true }) throws -> Report {
        var report = Report()
        for kind in [PayloadKind.clips, .content] {
            let began = try ledger.time()
            guard try prove(kind, &report, found, pause) else { return report }
            try ledger.forgetDamage(of: kind.damageKind, notedBefore: began)
        }
        let began = try ledger.time()
        try note(try ledger.damagedRows(), &report, found)
        for kind in [Damage.Kind.model, .checkpoint] { try ledger.forgetDamage(of: kind, notedBefore: began) }
        return report
    }

    /// Returns false when it was told to end.
    private func prove(
        _ kind: PayloadKind, _ report: inout Report, _ found: (Damage) -> Void, _ pause: (Int64) throws -> Bool
    ) throws -> Bool {
        var last: KeptPayload?
        while true {
            let page = try ledger.keptPayloads(of: kind, after: last, limit: Self.page)
            var damage: [KeptPayload: Damage] = [:]
            for payload in page {
                damage[payload] = try flaw(of: payload, kind)
                report.payloads += 1
                report.bytes += payload.location.length
                guard try pause(payload.location.length) else { return false }
            }
            if !damage.isEmpty {
                // What nobody needs any more, or was put again, is gone or elsewhere by now.
                let still = try ledger.keptPayloads(of: kind, after: last, limit: Self.page)
                try note(still.compactMap { damage[$0] }, &report, found)
            }
            guard page.count == Self.page else { return true }
            last = page.last
        }
    }

    private func flaw(of payload: KeptPayload, _ kind: PayloadKind) throws -> Damage? {
        do {
            let location = payload.location
            _ =
                location.segment < 0
                ? try rows[kind]?.read(location, payload.sha256) : try files[kind]?.read(location, payload.sha256)
            return nil
        } catch let error as PayloadStoreError where error.code == .damaged {
            let subject = payload.job.map(String.init) ?? payload.sha256.description
            return Damage(kind.damageKind, subject, reason: "\(payload.name): \(error)")
        }
    }

    private func note(_ damage: [Damage], _ report: inout Report, _ found: (Damage) -> Void) throws {
        report.damage += damage
        try ledger.note(damage).forEach(found)
    }
}

extension PayloadKind {
    fileprivate var damageKind: Damage.Kind {
        switch self {
        case .clips: .clip
        case .content: .content
        }
    }
}
