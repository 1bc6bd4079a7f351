import Spectra
import TestSupport
import Testing

/// `.npy` files as NumPy writes them, as we write them, and as nobody should.
@Suite struct NumPyArrayTests {
    private let matrix = LogMel(
        melBands: 3, frames: 5, values: (0..<15).map { 0.5 * Float($0 / 5) + Float($0 % 5) })

    @Test(arguments: ["float64", "columns-first", "version2", "version3"]) func whatNumPyWrites(name: String) throws {
        #expect(try NumPyArray.read(try fixture("\(name).npy"), name: name) == matrix)
    }

    @Test func roundTrip() throws {
        let bytes = NumPyArray.bytes(of: matrix)
        #expect(bytes.count == 128 + 60)
        #expect(try NumPyArray.read(bytes, name: "a.npy") == matrix)
    }

    /// The same bytes as NumPy writes, beginning with its version 1.
    @Test func theHeaderIsNumPys() throws {
        let expected = try fixture("librosa-2048-zero.npy")
        let matrix = try NumPyArray.read(expected, name: "a.npy")
        #expect(NumPyArray.bytes(of: matrix) == expected)
    }

    @Test(arguments: ["big-endian", "integers", "vector"]) func otherArraysAreRefused(name: String) throws {
        let error = try #require(throws: SpectraError.self) {
            try NumPyArray.read(try fixture("\(name).npy"), name: "\(name).npy")
        }
        #expect(error.code == .unsupportedArray)
        #expect(error.description.hasPrefix("\(name).npy"))
    }

    @Test func cutFilesAreRefused() throws {
        let whole = NumPyArray.bytes(of: matrix)
        for count in whole.indices {
            let error = try #require(throws: SpectraError.self) {
                try NumPyArray.read(Array(whole[..<count]), name: "a.npy")
            }
            #expect(error.code == (count < 128 ? .notNumPy : .truncated))
        }
        let error = try #require(throws: SpectraError.self) { try NumPyArray.read(whole + [0], name: "a.npy") }
        #expect(error.code == .truncated)
    }

    @Test func valuesThatAreNoNumbersAreRefused() throws {
        var bytes = NumPyArray.bytes(of: matrix)
        bytes.replaceSubrange(128 + 24..<128 + 28, with: [0, 0, 0xc0, 0x7f])
        let error = try #require(throws: SpectraError.self) { try NumPyArray.read(bytes, name: "a.npy") }
        #expect(error.code == .notFinite)
        #expect(error.description.contains("row 1, column 1"))
    }

    @Test func hostileShapesAreRefused() throws {
        for shape in [
            "(99999999999, 99999999999)", "(9223372036854775807, 2)", "(0, 5)", "(-3, -5)", "(3)", "()", "(,)",
        ] {
            let text = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }\n"
            let bytes = [0x93] + Array("NUMPY\u{1}\u{0}".utf8) + [UInt8(text.utf8.count), 0] + Array(text.utf8)
            let error = try #require(throws: SpectraError.self) { try NumPyArray.read(bytes, name: "a.npy") }
            #expect(error.code == .unsupportedArray, "\(shape)")
        }
    }

    @Test func randomHeadersNeverTrap() {
        let seed = UInt64.random(in: 0..<1 << 32)
        var random = SplitMix64(seed: seed)
        let whole = NumPyArray.bytes(of: matrix)
        var refused = 0
        for _ in 0..<2000 {
            var damaged = whole
            for _ in 0..<3 { damaged[Int.random(in: 0..<128, using: &random)] = random.byte() }
            if (try? NumPyArray.read(damaged, name: "a.npy")) == nil { refused += 1 }
        }
        #expect(refused > 0 && refused < 2000, "seed \(seed)")
    }
}
