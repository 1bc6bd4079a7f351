import Foundation
import Testing

/// The twelve questions of `schema/README.md` over a short year: none of them reads all there is.
@Suite struct YearTests {
    @Test func noQuestionReadsEveryMonth() throws {
        let bench = Command.binary.deletingLastPathComponent().appending(path: "auscult-bench").path
        let directory = FileManager.default.temporaryDirectory.appending(path: "year-\(UUID().uuidString)").path
        let process = Process()
        process.executableURL = URL(filePath: bench)
        process.arguments = [
            "year", "--rows", "300000", "--machines", "40", "--days", "90", "--warm-only", "--json", "--data",
            directory,
        ]
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let collector = Collector(errors.fileHandleForReading)
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(collector.text())")
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let objects = try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(objects.count == 13)
        for answer in objects.dropLast() {
            let question = answer["question"] as? String ?? ""
            let read = try #require(answer["monthsRead"] as? Int)
            let months = try #require(answer["months"] as? Int)
            #expect(months >= 4)
            // Even a question about a day may find it cheaper to read one month of so few rows.
            #expect(read <= 1, "\(question): \(read) of \(months) months were read from end to end")
            let rows = try #require(answer["rows"] as? Int)
            #expect(rows > 0, "\(question)")
        }
        let summary = try #require(objects.last)
        #expect(try #require(summary["results"] as? Int) > 200_000)
        #expect(try #require(summary["bytesPerResult"] as? Double) < 700)
    }
}
