import FoundationEssentials
import Networks

/// Recorded values of the room's tests; the script beside the file made them.
enum Fixture {
    static func load() throws -> Safetensors {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "Fixtures/detection.safetensors")
        return try Safetensors(decoding: Array(Data(contentsOf: file)), name: file.lastPathComponent)
    }
}
