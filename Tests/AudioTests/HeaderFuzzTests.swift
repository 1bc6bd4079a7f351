import TestSupport
import Testing

/// Damaged headers by the thousand; `auscult-bench fuzz-headers` tries millions.
@Suite struct HeaderFuzzTests {
    @Test func noFlippedBitMisleads() {
        let tally = HeaderFuzz.everyBit()
        #expect(tally.wrong.isEmpty, "\(tally.wrong)")
        // A-law that calls itself mu-law is another file; of linear samples nothing like it may be left.
        for (name, outcomes) in tally.counts where name.hasPrefix("wav") || name == "flac" {
            #expect(outcomes[.otherFile, default: 0] <= (name == "wav-mu-law" ? 2 : 0), "\(name) \(outcomes)")
        }
        #expect(tally.count(.exact) > 0 && tally.count(.refused) > 0)
    }

    @Test func noDamagedHeaderMisleads() {
        let seed = UInt64.random(in: 0..<1 << 32)
        var fuzz = HeaderFuzz(seed: seed)
        let tally = fuzz.run(4_000)
        #expect(tally.wrong.isEmpty, "seed \(seed): \(tally.wrong)")
    }
}
