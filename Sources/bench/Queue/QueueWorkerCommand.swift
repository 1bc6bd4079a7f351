import ArgumentParser
import Glibc
import Messaging
import Nodes
import SwiftProtobuf
import Wire

/// A worker to be killed: it holds a job's first attempt for ever and answers every later one at once.
struct QueueWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "queue-worker", shouldDisplay: false)

    @Option(name: .customLong("to"))
    var endpoint: String

    @Option
    var name: String

    func run() throws {
        let stop = StopSignal()
        let peer = try LoadPeer(.worker, name, at: Endpoint(endpoint), security: .plain, credits: 1)
        var held: UInt64?
        var beats: UInt64 = 0
        peer.progress = {
            beats += 1
            return held.map { token in
                [
                    .with {
                        $0.token = token
                        $0.counter = beats
                    }
                ]
            } ?? []
        }
        _ = try peer.join()
        Bench.say(#"{"event":"ready"}"#)
        while stop.reason() == nil {
            try peer.wait(milliseconds: 100) { message, _ in
                guard case .dispatch(let dispatch) = message else { return }
                Bench.say(
                    #"{"event":"started","attempt":\#(dispatch.attempt),"atMicroseconds":\#(SteadyClock.microseconds)}"#
                )
                guard dispatch.attempt > 1 else { return held = dispatch.token }
                try peer.say(.result(LoadWorker.result(of: dispatch)))
            }
        }
    }
}
