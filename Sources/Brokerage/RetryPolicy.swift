/// How often, and after which pause, a job that failed is tried again.
///
/// The pause before try n+1 is uniform in 0 ..< min(cap, base * 2^(n-1)): "full jitter", so that jobs which failed
/// together do not come back together.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
package struct RetryPolicy: Sendable {
    /// Failures after which the job becomes a dead letter.
    package var attempts = 5
    /// Deaths of the worker running a job after which the job runs alone on a worker.
    package var deathsBeforeIsolation = 2
    /// Deaths of the worker running a job after which the job is poison: a dead letter.
    package var deathsBeforePoison = 3
    package var base: Microseconds = 500_000
    package var cap: Microseconds = 30_000_000

    package init() {}

    /// The pause after the given number of failures (at least one).
    func pause(afterFailures failures: Int, dice: inout Dice) -> Microseconds {
        let doublings = min(max(failures - 1, 0), 30)
        return dice.roll(below: max(min(cap, base << doublings), 1))
    }
}
