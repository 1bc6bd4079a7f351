private import CSupport
private import Glibc

/// A process that outlives us by a moment: it kills the database server under a directory and removes the directory.
///
/// It waits at the reading end of a pipe whose writing end only we hold, so it notices our end, even a SIGKILL.
package final class Watchdog: Sendable {
    private let lifeline: Int32

    package init(removing directory: String) throws {
        var ends: [Int32] = [-1, -1]
        guard auscult_pipe(&ends) == 0 else { throw WatchdogError(errno) }
        lifeline = ends[1]
        defer { close(ends[0]) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        // Our output may be a pipe whose reader waits for its end.
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        // Of what other threads have open, such as the pipes of a command they run, we keep nothing.
        auscult_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Ctrl-C is for us alone.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

        let script = """
            read -r _
            process=$(head -n 1 "$1/postgres/data/postmaster.pid") && kill -QUIT "$process" \
                && while kill -0 "$process"; do sleep 0.05; done
            rm -rf "$1"
            """
        let words = ["sh", "-c", script, "watchdog", directory]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, &arguments, environ)
        guard code == 0 else { throw WatchdogError(code) }
    }

    deinit { close(lifeline) }
}

struct WatchdogError: Error, CustomStringConvertible {
    let description: String

    init(_ code: Int32) { description = "cannot start a watchdog: \(String(cString: strerror(code)))" }
}
