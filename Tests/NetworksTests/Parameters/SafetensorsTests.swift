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
        (#"{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#, 4, .unsupportedType),
        (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, 4, .badShape),
        (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, .malformedHeader),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, .malformedHeader),
        (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, .malformedHeader),
        (#"{"a":[[[[[[["#, 0, .malformedHeader),
        (#"{"__metadata__":{"k":}}"#, 0, .malformedHeader),
        (#"{"__metadata__":{"k":{"a":1}"#, 0, .malformedHeader),
        (#"{"__metadata__":{"k":1,"k":2}}"#, 0, .duplicateName),
        (#"{"__metadata__":[]}"#, 0, .malformedHeader),
        ("{\"__metadata__\":{\"k\":" + String(repeating: "[", count: 40) + "}}", 0, .malformedHeader),
        ("{\"a\":{\"shape\":[" + String(repeating: "1,", count: 40) + "1]}}", 0, .malformedHeader),
        (#"{"__metadata__":{"k":"\ud83c"}}"#, 0, .malformedHeader),
        (#"{"__metadata__":{"k":"\u+123"}}"#, 0, .malformedHeader),
        (#"{} {}"#, 0, .malformedHeader),
        ("", 0, .malformedHeader),
    ])
    func refusesBrokenFiles(header: String, zeros: Int, expected: SafetensorsError.Code) {
        #expect(code(file(header, zeros: zeros)) == expected)
    }

    @Test func keepsMetadataOfOtherProgramsAsTheyStand() throws {
        let text = #"""
            {"__metadata__":null,"__metadata__":{"epoch":12,"rate":1e-3, "best" : true,"none":null,
            "config":{"a":[1,"},{"]},"name":"x"}}
            """#
        let read = try Safetensors(decoding: file(text, zeros: 0), name: "x")
        #expect(
            read.metadata == [
                "epoch": "12", "rate": "1e-3", "best": "true", "config": #"{"a":[1,"},{"]}"#, "name": "x",
            ])
    }

    /// Values worked out by hand; narrow integers and truth values are whole numbers.
    @Test func widensNarrowTypes() throws {
        let text = #"""
            {"half":{"dtype":"F16","shape":[6],"data_offsets":[0,12]},
            "brain":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]},
            "byte":{"dtype":"I8","shape":[2],"data_offsets":[16,18]},
            "mask":{"dtype":"BOOL","shape":[2],"data_offsets":[18,20]}}
            """#
        let halves: [UInt16] = [0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x3555]
        let numbers = (halves + [0x3f80, 0xc040]).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let read = try Safetensors(decoding: file(text, zeros: 0) + numbers + [255, 1, 0, 1], name: "x")
        #expect(read["half"]?.values == [1, -2, 0x1p-24, 65504, 0, 0x1.554p-2])
        #expect(read["brain"]?.values == [1, -3])
        #expect(read["byte"]?.elements == .integer([-1, 1]))
        #expect(read["mask"]?.elements == .integer([0, 1]))
        let infinite = file(#"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, zeros: 0) + [0, 0x7c]
        #expect(code(infinite) == .notFinite)
    }

    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        ("\u{feff}{}                ", "byte-order mark"), ("<!doctype html><html></html>", "web page"),
        ("PK\u{3}\u{4}archive/data.pkl", "PyTorch"), ("GGUF.............", "another format"),
    ]) func namesWhatItIsInstead(content: String, reason: String) throws {
        let error = try #require(throws: SafetensorsError.self) {
            try Safetensors(decoding: Array(content.utf8), name: "x")
        }
        #expect(error.reason.contains(reason), "\(error.reason)")
    }

    /// A million names are refused at the limit, and everything below it is read in little time.
    @Test func manyTensorsCostLittle() {
        func header(_ count: Int) -> String {
            let entries = (0..<count).map { "\"t\($0)\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}" }
            return "{" + entries.joined(separator: ",") + "}"
        }
        let start = ContinuousClock.now
        #expect(code(file(header(10_000), zeros: 0)) == nil)
        #expect(code(file(header(70_000), zeros: 0)) == .headerTooLarge)
        #expect(ContinuousClock.now - start < .seconds(30))
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
