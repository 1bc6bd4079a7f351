private import Glibc

/// A directory of one test, below the system's folder for such things.
///
/// Other users may pass through it, since a database server started by root runs as somebody else.
package struct TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/auscult-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, chmod(template, 0o711) == 0 else {
            throw TemporaryDirectoryError(
                description: "cannot make a directory in /tmp: \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

package struct TemporaryDirectoryError: Error, CustomStringConvertible {
    package let description: String
}
