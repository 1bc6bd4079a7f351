import Chaos
import Foundation
import Testing

/// Real processes that fail by a plan; `auscult-bench chaos` runs the same for longer.
@Suite(.serialized) struct ChaosTests {
    @Test func nothingIsLostOrDoubledWhateverFails() throws {
        let seed = UInt64(3)
        try withTemporaryDirectory { directory in
            let run = ChaosRun(
                executable: Command.binary.path, directory: directory.appending(path: "chaos").path, seed: seed,
                seconds: 40, faults: 11, rate: 5
            ) { print($0) }
            let verdict = try run.run()
            print(verdict.json)
            #expect(verdict.books.lost == 0, "seed \(seed)")
            #expect(verdict.books.doubled == 0, "seed \(seed)")
            #expect(verdict.books.fed > 150)
            #expect(verdict.books.accepted == verdict.books.results + verdict.books.deadLetters)
            #expect(verdict.faults == 11)
        }
    }

    /// What recorders leave in a folder ends once, byte for byte, whatever the database does.
    @Test func everyRecordingEndsOnceWhateverTheDatabaseDoes() throws {
        try withTemporaryDirectory { directory in
            let run = WatchRun(
                executable: Command.binary.path, directory: directory.appending(path: "chaos").path, seed: 5,
                seconds: 35, faults: 7, rate: 3
            ) { print($0) }
            let books = try run.run()
            print(books.json)
            #expect(books.isClean && books.fed > 90, "\(books.json)")
        }
    }
}
