/// A process the supervisor runs.
package protocol SupervisedProcess: Sendable {
    /// Blocks until the process ends and reports what it says meanwhile: the line with `"ready"` in it tells that it is.
    /// Call once, on a thread of its own.
    ///
    /// - Returns: the exit status, or 128 + the signal that ended it.
    func run(line: (String) -> Void) -> Int32

    /// Asks the process to finish what it has in hand and end.
    func terminate()

    /// Ends the process at once.
    func kill()
}
