import Foundation
import Testing

/// A pair of brokers under load loses its leader: the other takes over within five seconds, and the books are complete.
@Suite(.serialized) struct FailOverTests {
    /// SIGKILL ends a process; SIGSTOP leaves one that holds its connections and locks, and comes back with old ideas.
    @Test(arguments: [SIGKILL, SIGSTOP]) func aStandbyTakesOverFromALeaderThat(signal: Int32) throws {
        try withTemporaryDirectory { directory in
            let plant = try ScoringPlant(in: directory, clips: 60, options: ["--standby"])
            defer { plant.cluster.stop() }
            let gateway = try plant.startGateway()
            defer { gateway.stop() }
            let half = plant.clips.count / 2
            for index in 0..<half { try plant.record(index) }
            try waitUntil("clips arrive") { try plant.cluster.count("select count(*) from auscult.clip") > 5 }
            let epoch = try plant.cluster.count("select epoch from auscult.broker_epoch")
            let leader = try plant.cluster.leader()
            let accepted = try plant.cluster.count("select count(*) from auscult.clip")
            let began = ContinuousClock.now
            kill(leader.process, signal)
            for index in half..<plant.clips.count { try plant.record(index) }
            // Clips flow again under the new epoch.
            try waitUntil("another broker leads, and accepts") {
                try plant.cluster.count("select epoch from auscult.broker_epoch") > epoch
                    && plant.cluster.count(
                        """
                        select count(*) from auscult.clip, auscult.broker_epoch where accepted_at > opened_at
                        """) > 0
            }
            let elapsed = ContinuousClock.now - began
            print("after signal \(signal) and \(accepted) clips, clips were accepted again after \(elapsed)")
            #expect(elapsed < .seconds(5))
            if signal == SIGSTOP {
                #expect(try plant.cluster.leader().name != leader.name)
                // It finds that it leads no longer, and harms nothing.
                kill(leader.process, SIGCONT)
            }
            try plant.everyClipIsScoredOnce()
            #expect(plant.cluster.stop() == 0)
        }
    }
}
