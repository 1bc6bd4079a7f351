import Plant
import Testing

@Suite struct PlantTests {
    @Test func machineNamesAreReadAndWritten() {
        #expect(MachineName("fan/id_00")?.description == "fan/id_00")
        #expect(MachineName("fan/id_00")?.type == "fan")
    }

    @Test(arguments: ["fan", "fan/", "/id_00", "fan/id/00", "fan/..", "f an/id", "fan/ü", ""])
    func unsafeMachineNamesAreRefused(_ text: String) {
        #expect(MachineName(text) == nil)
    }

    /// FIPS 180-4 example: SHA-256 of "abc".
    @Test func hashOfKnownBytes() {
        let hash = ContentHash(of: Array("abc".utf8))
        #expect(hash.description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(ContentHash(hexadecimal: hash.description) == hash)
        #expect(ContentHash(hexadecimal: String(hash.description.dropLast())) == nil)
    }
}
