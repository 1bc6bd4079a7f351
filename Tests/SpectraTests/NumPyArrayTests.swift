import Spectra
import TestSupport
import Testing

/// `.npy` files as NumPy writes them, as we write them, and as nobody should.
@Suite struct NumPyArrayTests {
    private let matrix = LogMel(
        melBands: 3, frames: 5, values: (0..<15).map { 0.5 * Float($0 / 5) + Float($0 % 5) })

    @Test(arguments: ["float64", "columns-first", "big-endian", "version2", "version3"])
    func whatNumPyWrites(name: String) throws {
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

    @Test(arguments: ["integers", "vector"]) func otherArraysAreRefused(name: String) throws {
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

    /// A file whose header is that text, in front of the matrix or of other values.
    private func file(_ header: String, version: UInt8 = 1, content: [UInt8]? = nil) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt32(header.utf8.count).littleEndian) { Array($0) }
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length.prefix(version == 1 ? 2 : 4) + Array(header.utf8)
            + (content ?? Array(NumPyArray.bytes(of: matrix)[128...]))
    }

    @Test(arguments: [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 5L), }\n",
        "{'descr':'<f4','fortran_order':False,'shape':(3,5)}",
        " { \"shape\" : ( 3 , 5, ) , 'descr':\t'<f4' ,\n 'fortran_order' : False } \n",
    ]) func oldAndOddHeadersAreRead(header: String) throws {
        for version: UInt8 in 1...3 {
            #expect(try NumPyArray.read(file(header, version: version), name: "a.npy") == matrix)
        }
    }

    @Test(arguments: [
        ("{'descr': '<f4', 'fortran_order': Tsue, 'shape': (3, 5), }", "damaged"),
        ("{'descr': '<f4', 'fortran_order': false, 'shape': (3, 5), }", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), } x", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), 'more': 1}", "damaged"),
        ("{'descr': '<f4', 'descr': '>f4', 'fortran_order': False, 'shape': (3, 5)}", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5)", "damaged"),
        ("{'descr': '>f4', 'fortran_order': False, 'shape': (3, 5), }", "no level in dB"),
        ("{'descr': '=f4', 'fortran_order': False, 'shape': (3, 5), }", "'=f4'"),
        ("{'descr': '<f2', 'fortran_order': False, 'shape': (3, 5), }", "astype('float32')"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (3, 5), }", "Python objects"),
        ("{'descr': [('a', '<f4'), ('b', [('c', '<i2')])], 'fortran_order': False, 'shape': (3, 5), }", "fields"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 5), }", "shape (1, 3, 5)"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5.0), }", "shape (3, 5.0)"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (15,), }", "shape (15,)"),
    ]) func otherHeadersAreRefused(header: String, reason: String) throws {
        let error = try #require(throws: SpectraError.self) { try NumPyArray.read(file(header), name: "a.npy") }
        #expect(error.description.hasPrefix("a.npy: "))
        #expect(error.description.contains(reason), "\(error.description)")
    }

    @Test func otherFilesAreNamed() throws {
        let one = NumPyArray.bytes(of: matrix)
        for (bytes, reason) in [
            (one + one, "second array"), (Array("PK\u{3}\u{4}rest".utf8), ".npz"),
            (Array("version https://git-lfs.github.com/spec/v1".utf8), "git lfs pull"),
        ] {
            let error = try #require(throws: SpectraError.self) { try NumPyArray.read(bytes, name: "a.npy") }
            #expect(error.description.contains(reason))
        }
    }

    /// The header is read once, and a longer one not at all: each of these took seconds to minutes.
    @Test func longHeadersCostNothing() throws {
        let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), "
        let start = ContinuousClock.now
        for filler in ["'", "'d':", "(", " ", "'descr: "] {
            let most = String(repeating: filler, count: 65_000 / filler.utf8.count)
            _ = try? NumPyArray.read(file(dictionary + most, version: 2), name: "a.npy")
            let error = try #require(throws: SpectraError.self) {
                try NumPyArray.read(file(dictionary + most + most, version: 2), name: "a.npy")
            }
            #expect(error.description.contains("at most 65536"))
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    /// Whatever becomes of a header, the values are those of the whole file, or it is refused.
    @Test func randomHeadersNeverMislead() {
        let seed = UInt64.random(in: 0..<1 << 32)
        var random = SplitMix64(seed: seed)
        let whole = NumPyArray.bytes(of: matrix)
        var refused = 0
        for _ in 0..<2000 {
            var damaged = whole
            damaged[Int.random(in: 0..<128, using: &random)] = random.byte()
            do {
                let read = try NumPyArray.read(damaged, name: "a.npy")
                #expect(read == matrix, "seed \(seed)")
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0 && refused < 2000, "seed \(seed)")
    }
}
