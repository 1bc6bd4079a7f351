import Foundation
import Testing

/// The bytes of a file of `Fixtures`.
func fixture(_ name: String) throws -> [UInt8] {
    let folder = try #require(Bundle.module.resourceURL).appending(path: "Fixtures")
    return Array(try Data(contentsOf: folder.appending(path: name)))
}
