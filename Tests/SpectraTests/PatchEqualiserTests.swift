import Foundation
import Spectra
import Testing

/// Patches of a recording made louder and softer.
@Suite struct PatchEqualiserTests {
    private static let count = 16_000
    private static let all = SoundPatch(bands: 0..<128, frames: 0..<32)

    private static func tone(_ hertz: Double) -> [Float] {
        (0..<count).map { 0.25 * Float(sin(2 * Double.pi * hertz * Double($0) / 16_000)) }
    }

    private static func power(_ samples: some Collection<Float>) -> Double {
        samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(samples.count)
    }

    /// No gain, no change.
    @Test func nothingAddedNothingChanged() throws {
        let tone = Self.tone(1000)
        let equaliser = try PatchEqualiser(.method)
        let same = equaliser.apply([Double](repeating: 0, count: 128), to: tone, in: Self.all)
        #expect(zip(same, tone).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    /// Every band by as many dB: every sample by that factor, away from the clip's ends.
    @Test(arguments: [-20.0, 6]) func theWholeClipByAFactor(_ gain: Double) throws {
        let tone = Self.tone(1000)
        let changed = try PatchEqualiser(.method).apply(
            [Double](repeating: gain, count: 128), to: tone, in: Self.all)
        let factor = Float(pow(10, gain / 20))
        for index in 2048..<Self.count - 2048 { #expect(abs(changed[index] - factor * tone[index]) < 1e-5) }
    }

    /// A patch reaches neither other bands nor other times.
    @Test func whatLiesOutsideStays() throws {
        let low = Self.tone(500)
        let equaliser = try PatchEqualiser(.method)
        let high = SoundPatch(bands: 80..<96, frames: 0..<32)
        let gains = [Double](repeating: -40, count: 16)
        let changed = equaliser.apply(gains, to: low, in: high)
        #expect(abs(Self.power(changed[4096..<12_000]) / Self.power(low[4096..<12_000]) - 1) < 1e-3)
        let early = SoundPatch(bands: 0..<128, frames: 0..<8)
        let later = equaliser.apply([Double](repeating: -40, count: 128), to: low, in: early)
        #expect(later[8192...] == low[8192...])
        #expect(Self.power(later[..<2048]) < 0.05 * Self.power(low[..<2048]))
    }

    @Test func tilesCoverEverythingOnce() {
        let tiles = SoundPatch.tiles(melBands: 20, frames: 33, size: 16)
        #expect(tiles.count == 6)
        var covered = [Int](repeating: 0, count: 20 * 33)
        for tile in tiles { for band in tile.bands { for frame in tile.frames { covered[band * 33 + frame] += 1 } } }
        #expect(covered.allSatisfy { $0 == 1 })
    }
}
