import Chaos
import Foundation
import Testing

/// Bits flip and ends are cut off; `auscult-bench bit-flips` harms a thousand times.
@Suite(.serialized) struct BitFlipTests {
    @Test func whateverIsDamagedIsNamedAndNothingElseSuffers() throws {
        try withTemporaryDirectory { directory in
            let flips = BitFlips(
                executable: Command.binary.path, directory: directory.appending(path: "flips").path, seed: 2
            ) { print($0) }
            let reports = try flips.run(harms: 60, clips: 16)
            for report in reports { #expect(report.isClean, "\(report.json)") }
            #expect(reports.reduce(0) { $0 + $1.harms } == 60)
            #expect(reports.allSatisfy { $0.damaged > 0 })
        }
    }
}
