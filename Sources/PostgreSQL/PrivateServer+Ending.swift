internal import CSupport
internal import Files
internal import FoundationEssentials
internal import Glibc

extension PrivateServer {
    /// Waits until the server's process has ended; returns at once where none runs.
    package func waitForEnd() {
        guard let process = processIdentifier else { return }
        Self.wait(forEndOf: process, milliseconds: -1)
    }

    /// Ends what a killed server has left: its sessions may go on for as long as their statements take, and no server
    /// starts on data that they still have in hand.
    func endOrphans() {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap(Int32.init) ?? []
        for process in numbers where isAtWorkOnOurData(process) {
            kill(process, SIGKILL)
            Self.wait(forEndOf: process, milliseconds: 5_000)
        }
        // Its lock names a process that is none of ours any more, but may be somebody's, or wait to be buried.
        unlink("\(data)/postmaster.pid")
    }

    /// Whether the process works inside our data, as servers do.
    func isAtWorkOnOurData(_ process: Int32) -> Bool {
        guard let place = realpath("/proc/\(process)/cwd", nil) else { return false }
        defer { free(place) }
        return String(cString: place) == data
    }

    /// Whether a process that we launched has ended.
    static func hasEnded(_ process: Int32) -> Bool {
        wait(forEndOf: process, milliseconds: 0)
        return kill(process, 0) != 0
    }

    /// - Parameter milliseconds: how long at most; negative for ever.
    static func wait(forEndOf process: Int32, milliseconds: Int32) {
        let descriptor = auscult_watch_process(process)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = uninterrupted { poll(&end, 1, milliseconds) }
        // Where it was ours, it is buried.
        var status: Int32 = 0
        waitpid(process, &status, WNOHANG)
    }
}
