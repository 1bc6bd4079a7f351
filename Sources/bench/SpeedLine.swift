import Foundation

/// What one library took for some work: a row of the table, a line of JSON.
struct SpeedLine: Encodable {
    let work: String
    let network: String
    let clips: Int
    let threads: Int
    let library: String
    let millisecondsPerClip: Double
    /// How many times as long as auscult this library takes: the median over the rounds.
    let ratio: Double
    /// The most memory its process had; for training steps only.
    var peakMebibytes: Int?

    static let heading = "work\tnetwork\tclips\tthreads\tlibrary\tms per clip\ttimes auscult's\tpeak MiB"

    var row: String {
        let figures = [millisecondsPerClip, ratio].map { String(format: "%.2f", $0) }
        return [work, network, String(clips), String(threads), library, figures[0], figures[1]].joined(separator: "\t")
            + "\t" + (peakMebibytes.map(String.init) ?? "-")
    }

    func print(json: Bool) throws {
        Swift.print(json ? String(decoding: try JSONEncoder().encode(self), as: UTF8.self) : row)
    }
}

/// The median and, of an even count, the upper of the two in the middle.
func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// The memory of this process.
enum PeakMemory {
    /// Forgets the peak so far, where the system lets it.
    static func forget() {
        let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs")
        file?.write(Data("5".utf8))
    }

    /// The most memory since then, in MiB; nil where the system does not say.
    static var mebibytes: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 / 1024 }
    }
}
