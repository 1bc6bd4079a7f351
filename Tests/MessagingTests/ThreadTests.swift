import Messaging
import Synchronization
import Testing

@Suite struct ThreadTests {
    private struct Broken: Error, Equatable { let part: String }

    @Test func startReturnsWhatSetUpMade() throws {
        let mailbox = try Mailbox<Int>()
        let (thread, product) = try NodeThread.start("test") { (42, { mailbox.post(7) }) }
        #expect(product == 42)
        try thread.join()
        #expect(mailbox.drain() == [7])
    }

    @Test func aFailedSetUpIsRethrownByStart() {
        #expect(throws: Broken(part: "set-up")) {
            try NodeThread.start("test") {
                if true { throw Broken(part: "set-up") }
                return ((), {})
            }
        }
    }

    @Test func aFailedLoopIsRethrownByJoin() throws {
        let (thread, _) = try NodeThread.start("test") { ((), { throw Broken(part: "loop") }) }
        #expect(throws: Broken(part: "loop")) { try thread.join() }
        #expect(throws: Broken(part: "loop")) { try thread.join() }
    }

    @Test func aMailboxKeepsTheOrderOfEachSender() throws {
        let mailbox = try Mailbox<(sender: Int, number: Int)>()
        let senders = try (0..<4).map { sender in
            try NodeThread.start("sender") {
                ((), { for number in 0..<1_000 { mailbox.post((sender, number)) } })
            }.0
        }
        var received = [[Int]](repeating: [], count: 4)
        while received.reduce(0, { $0 + $1.count }) < 4_000 {
            for (sender, number) in mailbox.waitAndDrain() { received[sender].append(number) }
        }
        for sender in senders { try sender.join() }
        #expect(received == [[Int]](repeating: Array(0..<1_000), count: 4))
    }

    @Test func aPostWakesThePoller() throws {
        let mailbox = try Mailbox<Int>()
        var poller = Poller()
        let member = poller.add(mailbox)
        try poller.wait(.zero)
        #expect(!poller.isReadable(member))
        let (thread, _) = try NodeThread.start("sender") { ((), { mailbox.post(1) }) }
        try poller.wait(nil)
        #expect(poller.isReadable(member))
        #expect(mailbox.drain() == [1])
        try poller.wait(.zero)
        #expect(!poller.isReadable(member))
        try thread.join()
    }

    @Test func aSerialLaneRunsEverythingInOrderBeforeItStops() throws {
        let lane = try SerialLane("lane")
        let mailbox = try Mailbox<Int>()
        for number in 0..<1_000 { lane.post { mailbox.post(number) } }
        try lane.stop()
        #expect(mailbox.drain() == Array(0..<1_000))
    }
}
