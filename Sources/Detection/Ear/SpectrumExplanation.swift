internal import Plant
internal import Spectra

/// Some neighbouring mel bands of one spectrum, as reasons name them.
struct SpectrumRegion: Sendable {
    /// A spectrum is told in so many parts.
    private static let parts = 16

    let spectrum: Hearing.Spectrum
    let lowHz: Double
    let highHz: Double
    /// Among the numbers of a hearing.
    let places: Range<Int>

    /// Regions that share out all three spectra.
    static func all(of feature: LogMelParameters) -> [SpectrumRegion] {
        let edges = MelBank.edges(feature)
        let width = max(feature.melBands / parts, 1)
        return Hearing.Spectrum.allCases.enumerated().flatMap { number, spectrum in
            stride(from: 0, to: feature.melBands, by: width).map { first in
                let end = min(first + width, feature.melBands)
                // Where a band meets the next one, half-way up their triangles.
                return SpectrumRegion(
                    spectrum: spectrum, lowHz: (edges[first] + edges[first + 1]) / 2,
                    highHz: (edges[end] + edges[end + 1]) / 2,
                    places: number * feature.melBands + first..<number * feature.melBands + end)
            }
        }
    }
}

/// Where a clip differs from a machine's normal ones.
struct SpectrumExplanation {
    let squaredDistance: Double
    /// The regions that add most to the squared distance; the shares of all regions would add up to 1.
    let largest: [ScoreShare]
    /// The first of them in words; nil where nothing differs.
    let reason: String?

    init(of hearing: Hearing, by machine: EarMachine, regions: [SpectrumRegion]) {
        let parts = machine.gaussian.shares(of: hearing)
        let total = parts.reduce(0, +)
        squaredDistance = total
        let sums = regions.map { region in parts[region.places].reduce(0, +) }
        let order = regions.indices.sorted { (-sums[$0], $0) < (-sums[$1], $1) }
        largest = order.prefix(total > 0 ? ScoreShare.limit : 0).map { index in
            ScoreShare(
                spectrum: regions[index].spectrum.rawValue, lowHz: regions[index].lowHz,
                highHz: regions[index].highHz, share: sums[index] / total)
        }
        reason = largest.isEmpty ? nil : Self.sentence(regions[order[0]], hearing, machine)
    }

    private static func sentence(_ region: SpectrumRegion, _ hearing: Hearing, _ machine: EarMachine) -> String {
        let mean = machine.gaussian.mean
        let difference = region.places.reduce(0) { $0 + hearing.values[$1] - mean[$1] } / Double(region.places.count)
        let amount = abs(difference)
        let number = amount < 3 ? "\((amount * 10).rounded() / 10)" : "\(Int(min(amount, 1e6).rounded()))"
        return "\(region.spectrum.rawValue) between \(range(region)), \(number) dB "
            + "\(difference < 0 ? "below" : "above") \(machine.normals.count) normal clips"
    }

    private static func range(_ region: SpectrumRegion) -> String {
        func kilohertz(_ hertz: Double) -> Double { (hertz / 100).rounded() / 10 }
        guard region.highHz >= 1000 else {
            return "\(Int(region.lowHz.rounded())) and \(Int(region.highHz.rounded())) Hz"
        }
        return "\(kilohertz(region.lowHz)) and \(kilohertz(region.highHz)) kHz"
    }
}
