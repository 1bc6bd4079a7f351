import FoundationEssentials
import Networks

/// Recorded values of the room's tests; the scripts beside the files made them.
enum Fixture {
    static func load(_ name: String = "detection.safetensors") throws -> Safetensors {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
        return try Safetensors(decoding: Array(Data(contentsOf: file)), name: file.lastPathComponent)
    }
}
