/// One step of the schema: a file of `schema/`, embedded in the program.
package struct Migration: Hashable, Sendable {
    package let version: Int
    package let name: String
    package let sql: String

    /// Every step this program knows, in order.
    package static let all: [Migration] = [
        Migration(version: 1, name: "foundation", bytes: PackageResources.v0001_foundation_sql)
    ]

    private init(version: Int, name: String, bytes: [UInt8]) {
        self.version = version
        self.name = name
        sql = String(decoding: bytes, as: UTF8.self)
    }
}
