internal import Glibc

/// What cannot be done with a file or a folder, and why.
package struct FileError: Error, CustomStringConvertible {
    package let description: String
    /// The system's error number, 0 where the system had no objection.
    package let number: Int32

    /// - Parameter doing: continues "cannot …".
    package init(_ doing: String, errno number: Int32 = errno) {
        self.number = number
        let isFull = Self.full.contains(number)
        description = "cannot \(doing): \(String(cString: strerror(number)))\(isFull ? "; make room" : "")"
    }

    package init(sentence: String) {
        number = 0
        description = sentence
    }

    /// There is no room on the disk.
    package var isFull: Bool { Self.full.contains(number) }

    package var isMissing: Bool { number == ENOENT }

    /// What was to be made exists.
    package var isThere: Bool { number == EEXIST }

    private static let full = [ENOSPC, EDQUOT, EFBIG]
}
