internal import CSupport
internal import Files
internal import Glibc

/// A process we started, whose end is reported once.
///
/// It gets a process group of its own (Ctrl-C on the terminal reaches the supervisor alone), default signals, our
/// lifeline, and its standard output as a pipe whose first line says that it is ready.
package final class ChildProcess: SupervisedProcess {
    package let identifier: Int32
    private let output: Int32

    /// - Parameters:
    ///   - executable: path of the program
    ///   - arguments: without the program's name
    ///   - environment: added to ours; secrets travel here, never in arguments
    ///   - lifeline: reading end of the supervisor's pipe
    package init(
        executable: String, arguments: [String], environment: [String: String], lifeline: Int32
    ) throws(ChildProcessError) {
        var pipeEnds: [Int32] = [-1, -1]
        guard pipe(&pipeEnds) == 0 else { throw ChildProcessError("pipe", errno) }
        for end in pipeEnds { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(pipeEnds[1]) }
        let childLifeline: Int32 = 3

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipeEnds[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, lifeline, childLifeline)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        var variables = ProcessEnvironment.current
        variables.merge(environment) { $1 }
        variables[StopSignal.lifelineVariable] = String(childLifeline)

        var process: pid_t = 0
        let result = withCStrings([executable] + arguments) { arguments in
            withCStrings(variables.map { "\($0.key)=\($0.value)" }) { variables in
                posix_spawn(&process, executable, &actions, &attributes, arguments, variables)
            }
        }
        guard result == 0 else {
            close(pipeEnds[0])
            throw ChildProcessError("starting \(executable)", result)
        }
        identifier = process
        output = pipeEnds[0]
    }

    /// Blocks until the process ends and reports each line of its standard output meanwhile. Call once, on a thread of
    /// its own.
    ///
    /// - Returns: the exit status, or 128 + the signal that ended it.
    package func run(line: (String) -> Void) -> Int32 {
        var buffer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = uninterrupted { read(output, &chunk, chunk.count) }
            guard count > 0 else { break }
            buffer += chunk[..<count]
            while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                line(String(decoding: buffer[..<end], as: UTF8.self))
                buffer.removeSubrange(...end)
            }
        }
        close(output)
        var status: Int32 = 0
        _ = uninterrupted { waitpid(identifier, &status, 0) }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Asks the process to finish what it has in hand and end.
    package func terminate() { Glibc.kill(identifier, SIGTERM) }

    /// Ends the process at once.
    package func kill() { Glibc.kill(identifier, SIGKILL) }
}

package struct ChildProcessError: Error, CustomStringConvertible {
    package let description: String

    init(_ action: String, _ code: Int32) {
        description = "\(action) failed: \(String(cString: strerror(code)))"
    }
}

/// Passes strings as a null-terminated array of C strings, valid during the call.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("an array with a terminator is never empty") }
        return body(base)
    }
}
