private import Glibc
package import Spectra

/// What the ear hears of a clip: three spectra, one number per mel band each, dB.
///
/// Of a band's mean m, its deviation s over time and its steps from frame to frame: floor = m − a·s and crest = m + a·s
/// with a = √(2/π), the means of the quieter and of the louder half of the frames, were they Gaussian; and flutter, the
/// mean of |x[t + 1] − x[t]|.
package struct Hearing: Sendable, Hashable {
    /// The raw value is the word in results and reasons.
    package enum Spectrum: String, Sendable, CaseIterable { case floor, crest, flutter }

    /// The fewest frames that have a step.
    package static let fewestFrames = 2

    /// Spectrum after spectrum. **Shape** (3, melBands).
    package let values: [Double]

    /// **Shape** `values` (3, melBands).
    package init(values: [Double]) {
        precondition(values.count.isMultiple(of: Spectrum.allCases.count), "\(values.count) numbers in three spectra")
        self.values = values
    }

    package var melBands: Int { values.count / Spectrum.allCases.count }
}

extension LogMel {
    /// Sums run in double precision, frame after frame, about each band's first frame.
    ///
    /// The clip has two frames or more.
    package var hearing: Hearing {
        precondition(frames >= Hearing.fewestFrames, "\(frames) frames have no step")
        let a = (2 / Double.pi).squareRoot()
        let count = Double(frames)
        let spectra = [Double](unsafeUninitializedCapacity: 3 * melBands) { spectra, filled in
            values.withUnsafeBufferPointer { values in
                for band in 0..<melBands {
                    let row = UnsafeBufferPointer(rebasing: values[(band * frames)..<((band + 1) * frames)])
                    let origin = Double(row[0])
                    var (sum, squares, steps, previous) = (0.0, 0.0, 0.0, 0.0)
                    for value in row {
                        let difference = Double(value) - origin
                        sum += difference
                        squares += difference * difference
                        steps += abs(difference - previous)
                        previous = difference
                    }
                    let mean = sum / count
                    let deviation = max(squares / count - mean * mean, 0).squareRoot()
                    spectra[band] = origin + mean - a * deviation
                    spectra[melBands + band] = origin + mean + a * deviation
                    spectra[2 * melBands + band] = steps / (count - 1)
                }
            }
            filled = 3 * melBands
        }
        return Hearing(values: spectra)
    }
}
