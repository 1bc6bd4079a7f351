private import CFFTW
internal import Synchronization

/// The discrete Fourier transform of one row of real numbers, planned once for its own buffers.
///
/// Threading: of FFTW only `fftw_execute` is thread-safe; making and destroying plans touches tables of the process
/// (FFTW manual, "Thread safety"). Both happen under one lock here. A transform itself belongs to one thread.
///
/// Plans are estimated, never measured: measured plans differ from run to run, and with them the last bits. The numbers
/// are doubles, for a quiet band far below a loud one drowns in the rounding of a single-precision transform, by 3e-4 dB
/// in real recordings, while double precision costs a third more time.
final class RealTransform {
    /// What to transform. **Shape** (length).
    let input: UnsafeMutableBufferPointer<Double>
    /// Real and imaginary parts in turn, and zeros behind them. **Shape** (paddedBinCount, 2).
    let output: UnsafeMutableBufferPointer<Double>
    private let plan: fftw_plan

    static let planning = Mutex(())

    /// - Parameters:
    ///   - length: even, 2 or more.
    ///   - paddedBinCount: at least length / 2 + 1.
    init(length: Int, paddedBinCount: Int) {
        precondition(length >= 2 && length % 2 == 0 && paddedBinCount > length / 2, "\(length), \(paddedBinCount)")
        let input = Self.allocate(length)
        let output = Self.allocate(2 * paddedBinCount)
        let bins = UnsafeMutableRawPointer(output.baseAddress)?.bindMemory(
            to: fftw_complex.self, capacity: paddedBinCount)
        var made: fftw_plan?
        Self.planning.withLock { _ in
            made = fftw_plan_dft_r2c_1d(Int32(length), input.baseAddress, bins, FFTW_ESTIMATE)
        }
        guard let plan = made else { preconditionFailure("FFTW has no plan for \(length) samples") }
        (self.plan, self.input, self.output) = (plan, input, output)
    }

    deinit {
        Self.planning.withLock { _ in fftw_destroy_plan(plan) }
        fftw_free(input.baseAddress)
        fftw_free(output.baseAddress)
    }

    /// Transforms `input` into `output`.
    func execute() {
        fftw_execute(plan)
    }

    /// Zeros, aligned for the widest vectors.
    static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Double> {
        let buffer = UnsafeMutableBufferPointer(start: fftw_alloc_real(count), count: count)
        buffer.initialize(repeating: 0)
        return buffer
    }
}
