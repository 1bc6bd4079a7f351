import Spectra
import Testing

/// The bank of the method, against the numbers of `librosa.filters.mel(sr=16000, n_fft=2048, n_mels=128)`.
@Suite struct MelBankTests {
    /// The weights of one band, without the zeros that fill it up.
    private func weights(_ bank: MelBank, band: Int) -> [Float] {
        let range = Int(bank.offsets[band])..<Int(bank.offsets[band + 1])
        return bank.weights[range].reversed().drop { $0 == 0 }.reversed()
    }

    @Test func referenceNumbers() throws {
        let bank = try MelBank(.method)
        let bands = (0..<128).map { weights(bank, band: $0) }
        #expect(bands.map(\.count).reduce(0, +) == 2020)
        #expect(bands.map(\.count).min() == 5)
        #expect(bands.allSatisfy { band in band.allSatisfy { $0 > 0 } })
        #expect(abs(bank.weights.map(Double.init).reduce(0, +) - 16.3839122) < 1e-6)
        #expect(abs((bank.weights.max() ?? 0) - 0.0426664) < 1e-7)

        #expect(bank.firstBins[0] == 1)
        for (weight, expected) in zip(bands[0], [0.0142889, 0.0285778, 0.0426664, 0.0283775] as [Float]) {
            #expect(abs(weight - expected) < 1e-7)
        }
        #expect(bank.firstBins[42] == 126 && bands[42].count == 6)
        #expect(bank.firstBins[127] == 976 && bands[127].count == 48)
    }

    @Test func bandsBetweenTwoBinsAreRefused() throws {
        let error = try #require(throws: SpectraError.self) {
            try MelBank(LogMelParameters(fftLength: 256, hopLength: 128))
        }
        #expect(error.code == .badParameters)
        #expect(error.description.contains("mel band 0"))
    }

    @Test func parametersOutOfRangeAreRefused() {
        #expect(throws: SpectraError.self) { try LogMelParameters(sampleRateHz: 0) }
        #expect(throws: SpectraError.self) { try LogMelParameters(fftLength: 1000) }
        #expect(throws: SpectraError.self) { try LogMelParameters(hopLength: 0) }
        #expect(throws: SpectraError.self) { try LogMelParameters(hopLength: 2049) }
        #expect(throws: SpectraError.self) { try LogMelParameters(melBands: 0) }
        #expect((try? LogMelParameters()) == .method)
    }
}
