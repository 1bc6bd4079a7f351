private import Glibc

/// A low-pass filter as a function of continuous time: a sinc under a Kaiser window.
///
/// h(t) = c sinc(c t) kaiser(t / w), |t| < w, in units of one period of the lower rate. The pass band ends at 0.95 of the
/// lower Nyquist frequency and the stop band begins at that frequency itself, so that nothing folds back, not even into
/// the transition band.
struct KaiserSinc {
    private static let attenuationDecibels = 106.0
    private static let passBand = 0.95

    /// Where the filter ends on both sides.
    let halfWidth: Double
    private let cutoff: Double
    private let window: KaiserWindow

    init() {
        window = KaiserWindow(attenuationDecibels: Self.attenuationDecibels)
        cutoff = (1 + Self.passBand) / 2
        // The transition band, in cycles per period, is half of what is left of the Nyquist frequency.
        halfWidth = window.length(transitionBand: (1 - Self.passBand) / 2) / 2
    }

    func value(at time: Double) -> Double {
        let angle = Double.pi * cutoff * time
        let sinc = angle == 0 ? 1 : sin(angle) / angle
        return cutoff * sinc * window.value(at: time / halfWidth)
    }
}
