import Networks
import Tensors
import Testing

@Suite struct SafetensorsTests {
    private let sample = Safetensors(
        tensors: [
            .init(name: "weight", shape: [2, 3], values: [1, -2, 3.5, 0, .leastNonzeroMagnitude, 6]),
            .init(name: "precision", shape: [2], doubles: [1e300, -0.1]),
            .init(name: "count", shape: [], elements: .integer([.min])),
            .init(name: "none", shape: [0, 4], values: []),
        ],
        metadata: ["b": "line\nand \"quotes\" \\ \u{1}", "a": "größer 🎧"])

    /// A file whose header is that text, followed by that many zero bytes.
    private func file(_ header: String, zeros: Int) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        return length + Array(header.utf8) + [UInt8](repeating: 0, count: zeros)
    }

    private func code(_ bytes: [UInt8]) -> SafetensorsError.Code? {
        do {
            _ = try Safetensors(decoding: bytes, name: "x.safetensors")
            return nil
        } catch {
            return error.code
        }
    }

    @Test func comesBackAsItWas() throws {
        let bytes = sample.encoded()
        #expect(try Safetensors(decoding: bytes, name: "sample") == sample)
        #expect(sample.encoded() == bytes)
        #expect(sample["precision"]?.doubles == [1e300, -0.1])
        #expect(sample["absent"] == nil)
    }

    @Test func readsEscapesAndAnyOrder() throws {
        let text = #"""
            {"b":{"shape":[1],"data_offsets":[4,8],"dtype":"F32"}, "__metadata__" : {"\u00e9\ud83c\udfa7\/":"\t"},
            "a":{"dtype":"F32","data_offsets":[0,4],"shape":[1,1]}}
            """#
        let read = try Safetensors(decoding: file(text, zeros: 8), name: "x")
        #expect(read.tensors.map(\.name) == ["a", "b"])
        #expect(read.metadata == ["é🎧/": "\t"])
    }

    @Test(arguments: [
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3, SafetensorsError.Code.truncated),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5, .badOffsets),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, .badOffsets),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, .badOffsets),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[]}}"#, 4, .badOffsets),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12, .badOffsets
        ),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8, .duplicateName
        ),
        (#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, 4, .unsupportedType),
        (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, 4, .badShape),
        (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, .malformedHeader),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, .malformedHeader),
        (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, .malformedHeader),
        (#"{"a":[[[[[[["#, 0, .malformedHeader),
        (#"{"__metadata__":{"k":1}}"#, 0, .malformedHeader),
        (#"{"__metadata__":{"k":"\ud83c"}}"#, 0, .malformedHeader),
        (#"{"__metadata__":{"k":"\u+123"}}"#, 0, .malformedHeader),
        (#"{} {}"#, 0, .malformedHeader),
        ("", 0, .malformedHeader),
    ])
    func refusesBrokenFiles(header: String, zeros: Int, expected: SafetensorsError.Code) {
        #expect(code(file(header, zeros: zeros)) == expected)
    }

    @Test func refusesHugeHeaders() {
        #expect(code([255, 255, 255, 255, 255, 255, 255, 255]) == .headerTooLarge)
        #expect(code([200, 0, 0, 0, 0, 0, 0, 0, 1]) == .truncated)
        #expect(code([]) == .truncated)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func refusesWhatIsNotANumber(value: Float) {
        #expect(code(Safetensors(tensors: [.init(name: "a", shape: [1], values: [value])]).encoded()) == .notFinite)
    }

    @Test func refusesEveryTruncation() {
        let bytes = sample.encoded()
        for end in 0..<bytes.count {
            #expect(code(Array(bytes[..<end])) != nil, "cut after byte \(end)")
        }
    }

    @Test func survivesRandomDamage() {
        var random = CounterRandom(2024)
        let original = sample.encoded()
        for _ in 0..<2_000 {
            var bytes = original
            let position = Int.random(in: 0..<bytes.count, using: &random)
            bytes[position] = UInt8.random(in: 0...255, using: &random)
            // Whatever the damage, the answer is a value or an error; a trap would end the test process.
            do {
                let read = try Safetensors(decoding: bytes, name: "damaged")
                #expect(read.tensors.count == sample.tensors.count, "byte \(position) became \(bytes[position])")
            } catch {
                #expect(error.file == "damaged")
            }
        }
    }
}
