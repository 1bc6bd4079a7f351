internal import Glibc

/// A pipe nobody writes to: its reading end closes in every child when this process ends, however it ends.
package final class Lifeline {
    package let readingEnd: Int32
    private let writingEnd: Int32

    package init() throws(ChildProcessError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildProcessError("pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readingEnd, writingEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readingEnd)
        close(writingEnd)
    }
}
