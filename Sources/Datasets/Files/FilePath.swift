internal import Glibc

/// A path as the kernel knows it: any bytes but zero, of which UTF-8 is only the usual case.
package struct FilePath: Hashable, Sendable, Comparable {
    package let bytes: [UInt8]

    package init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    package init(_ text: String) { bytes = Array(text.utf8) }

    /// The names between the slashes.
    package var components: [FilePath] {
        bytes.split(separator: Self.slash).map { FilePath(bytes: $0) }
    }

    /// The last name; the path itself where it has none.
    package var name: FilePath { components.last ?? self }

    package func appending(_ other: FilePath) -> FilePath {
        guard !bytes.isEmpty, !other.bytes.isEmpty else { return bytes.isEmpty ? other : self }
        return FilePath(bytes: bytes + (bytes.last == Self.slash ? [] : [Self.slash]) + other.bytes)
    }

    package func appending(_ other: String) -> FilePath { appending(FilePath(other)) }

    /// The folders above it, nearest first, up to `/`.
    package var parents: [FilePath] {
        let names = absoluteNames.dropLast()
        return (0...names.count).reversed().map { Self.absolute(names.prefix($0)) }
    }

    /// From `/` on.
    package var absolute: FilePath { Self.absolute(absoluteNames[...]) }

    private static func absolute(_ names: ArraySlice<FilePath>) -> FilePath {
        names.reduce(FilePath("/")) { $0.appending($1) }
    }

    /// The names from `/` to here, `.` and `..` resolved as they are written.
    package var absoluteNames: [FilePath] {
        var names = bytes.first == Self.slash ? [] : Self.workingDirectory.components
        for name in components where name != FilePath(".") {
            if name == FilePath("..") { _ = names.popLast() } else { names.append(name) }
        }
        return names
    }

    private static var workingDirectory: FilePath {
        guard let path = getcwd(nil, 0) else { return FilePath("/") }
        defer { free(path) }
        return FilePath(bytes: UnsafeBufferPointer(start: path, count: strlen(path)).map { UInt8(bitPattern: $0) })
    }

    package func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { characters in
            guard let start = characters.baseAddress else { preconditionFailure("a terminated path is not empty") }
            return try body(start)
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    private static let slash = UInt8(ascii: "/")
}

extension FilePath: CustomStringConvertible {
    /// The path as text; bytes that are no UTF-8 are written `\xE9`.
    package var text: String { spelled { _ in false } }

    /// The path on one line that a terminal shows as it is: control and formatting characters are escaped too.
    package var description: String {
        spelled { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }

    private func spelled(escaping isEscaped: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var position = 0
        while true {
            switch parser.parseScalar(from: &rest) {
            case .emptyInput: return text
            case .error(let length):
                text += bytes[position..<position + length].map { "\\x\(String($0, radix: 16, uppercase: true))" }
                    .joined()
                position += length
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if isEscaped(scalar) {
                    text += scalar.escaped(asASCII: true)
                } else {
                    text.unicodeScalars.append(scalar)
                }
                position += encoded.count
            }
        }
    }
}
