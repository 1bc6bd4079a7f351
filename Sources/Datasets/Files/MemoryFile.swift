internal import CSupport
internal import Glibc

/// A file without a name on any disk; it lives as long as the process.
package enum MemoryFile {
    /// Makes one of some bytes.
    ///
    /// - Parameter named: how errors call it.
    /// - Returns: a path under which this process can read it as often as it likes.
    package static func make(_ bytes: [UInt8], named: FilePath) throws(FileTrouble) -> FilePath {
        let file = auscult_memory_file()
        guard file >= 0 else { throw FileTrouble(named, errno: errno) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileTrouble(named, errno: errno) }
            rest = rest.dropFirst(count)
        }
        return FilePath("/proc/self/fd/\(file)")
    }
}
