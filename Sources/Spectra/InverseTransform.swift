private import CFFTW
internal import Synchronization

/// The way back from a spectrum to real numbers: `RealTransform` undone, but for a factor of `length`.
///
/// Threading: as `RealTransform`, whose lock it shares.
final class InverseTransform {
    /// Real and imaginary parts in turn; destroyed by `execute`. **Shape** (length / 2 + 1, 2).
    let input: UnsafeMutableBufferPointer<Double>
    /// **Shape** (length).
    let output: UnsafeMutableBufferPointer<Double>
    private let plan: fftw_plan

    /// - Parameter length: even, 2 or more.
    init(length: Int) {
        precondition(length >= 2 && length % 2 == 0, "\(length) samples")
        let bins = length / 2 + 1
        let input = RealTransform.allocate(2 * bins)
        let output = RealTransform.allocate(length)
        let spectrum = UnsafeMutableRawPointer(input.baseAddress)?.bindMemory(to: fftw_complex.self, capacity: bins)
        var made: fftw_plan?
        RealTransform.planning.withLock { _ in
            made = fftw_plan_dft_c2r_1d(Int32(length), spectrum, output.baseAddress, FFTW_ESTIMATE)
        }
        guard let plan = made else { preconditionFailure("FFTW has no plan for \(length) samples") }
        (self.plan, self.input, self.output) = (plan, input, output)
    }

    deinit {
        RealTransform.planning.withLock { _ in fftw_destroy_plan(plan) }
        fftw_free(input.baseAddress)
        fftw_free(output.baseAddress)
    }

    /// Transforms `input` into `output`.
    func execute() {
        fftw_execute(plan)
    }
}
