import Glibc

/// A file, pipe or device that rows are written to in large pieces; on a terminal it tells how far it is.
final class ExportFile {
    /// The program that reads our standard output has closed it.
    struct ReaderHasLeft: Error {}

    private static let pieceLength = 1 << 18

    private let path: String
    private let descriptor: Int32
    private var piece: [UInt8] = []
    private var rows = 0
    private let beganAt = ContinuousClock.now
    private var shownAt = ContinuousClock.now

    /// - Parameter path: `-` is standard output.
    init(_ path: String) throws {
        self.path = path
        descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure() }
        piece.reserveCapacity(Self.pieceLength + 4_096)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        piece.append(contentsOf: bytes)
        rows += 1
        if piece.count >= Self.pieceLength { try flush() }
    }

    func close() throws {
        try flush()
        if Console.isTerminal, rows > 0 { Console.write("\r\u{1b}[K", to: STDERR_FILENO) }
        guard descriptor == STDOUT_FILENO || Glibc.close(descriptor) == 0 else { throw failure() }
    }

    private func flush() throws {
        var done = 0
        while done < piece.count {
            let count = piece.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EPIPE { throw ReaderHasLeft() }
            guard count > 0 else { throw failure() }
            done += count
        }
        piece.removeAll(keepingCapacity: true)
        show()
    }

    private func show() {
        let now = ContinuousClock.now
        guard Console.isTerminal, now - shownAt > .milliseconds(200) else { return }
        shownAt = now
        let rate = Int(Double(rows) / ((now - beganAt) / .seconds(1)))
        Console.write("\r\u{1b}[K\(rows) rows, \(rate) rows/s", to: STDERR_FILENO)
    }

    private func failure() -> CommandFailure {
        CommandFailure("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
}
