// Sine and decibels from IEEE additions and multiplications alone. The C library rounds its own differently from version
// to version and from machine to machine; these give the same bits everywhere, and so do the clips made with them.

/// sin(2πx), to 2⁻²³ of full scale.
///
/// The turn nearest to x is taken off by the rounding of 1.5·2²³, so |x| must stay below 2²¹; a quarter turn is left for
/// the Taylor polynomial of degree 11.
@inline(__always)
func sine(turns x: SIMD8<Float>) -> SIMD8<Float> {
    let rounder = SIMD8<Float>(repeating: 12_582_912)
    let rest = x - ((x + rounder) - rounder)
    let magnitude = rest.replacing(with: -rest, where: rest .< 0)
    let folded = 0.5 - magnitude
    let y = (2 * Float.pi) * folded.replacing(with: magnitude, where: magnitude .< folded)
    let z = y * y
    var sum = SIMD8<Float>(repeating: -1 / 39_916_800)
    sum = sum * z + 1 / 362_880
    sum = sum * z - 1 / 5_040
    sum = sum * z + 1 / 120
    sum = sum * z - 1 / 6
    let value = y + y * z * sum
    return value.replacing(with: -value, where: rest .< 0)
}

/// sin(2πx) of one number.
func sine(turns x: Float) -> Float { sine(turns: SIMD8(repeating: x))[0] }

/// 10^(dB/20): the amplitude of a level.
func amplitude(decibels: Double) -> Float {
    let octaves = decibels * 0.166_096_404_744_368_1  // log2(10)/20
    let whole = octaves.rounded(.down)
    let x = (octaves - whole) * 0.693_147_180_559_945_3  // ln 2
    var sum = 1.0
    for n in stride(from: 12.0, through: 1, by: -1) { sum = 1 + sum * x / n }
    return Float(Double(sign: .plus, exponent: Int(whole), significand: sum))
}
