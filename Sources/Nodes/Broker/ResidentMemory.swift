internal import Glibc

/// How much memory this process has, and how much it may: the backstop for what no other limit bounds.
///
/// libzmq keeps the frames of a message that is not finished yet, however many, outside of every limit of its own.
struct ResidentMemory {
    private let limit: Int
    private let descriptor: Int32

    /// - Parameter limit: bytes; nil for four fifths of the host's memory, at most 8 GiB.
    init(limit: Int?) {
        let host = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        self.limit = limit ?? min(host / 5 * 4, 8 << 30)
        descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    }

    /// Throws when there is more than the limit.
    func check() throws(BrokerError) {
        let bytes = used
        guard bytes > limit else { return }
        throw BrokerError(
            .memory,
            "the broker has \(bytes >> 20) MiB of memory, and may have \(limit >> 20): a peer sends without end; "
                + "nothing that was accepted is lost, and it starts again")
    }

    /// Bytes; 0 where the system does not say.
    private var used: Int {
        var text = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return 0 }
        let fields = String(decoding: text.prefix(count), as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
