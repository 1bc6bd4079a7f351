import Testing
import Wire

@Suite struct RegistryTests {
    @Test func numbersAscendAndNamesAreUnique() {
        let entries = WireError.Code.registry
        #expect(zip(entries, entries.dropFirst()).allSatisfy { $0.code.rawValue < $1.code.rawValue })
        #expect(Set(entries.map(\.name)).count == entries.count)
    }

    @Test func aNumberFromTheFutureIsKept() {
        let code = WireError.Code(rawValue: 999)
        #expect(code.entry == nil)
        #expect(code.retry == .never)
        #expect(WireError(code, "reason").description == "reason [error 999]")
    }

    @Test func anErrorTravelsInAReject() {
        guard case .reject(let reject) = WireMessage.reject(WireError(.silent, "a.wav: silence"), key: "k") else {
            Issue.record("not a REJECT")
            return
        }
        #expect(reject.key == "k")
        #expect(reject.error == WireError(.silent, "a.wav: silence"))
    }

    @Test func commandsAreForTheirSendersAndLanes() {
        #expect(Command.submit.rule.allows(.gateway, on: .data) == nil)
        #expect(Command.submit.rule.allows(.gateway, on: .control) == .wrongLane)
        #expect(Command.submit.rule.allows(.worker, on: .data) == .notAllowed)
        #expect(Command.result.rule.allows(.gateway, on: .data) == .notAllowed)
        #expect(Command.welcome.rule.allows(.worker, on: .control) == .notAllowed)
        #expect(Command.hello.rule.allows(.worker, on: .data) == nil)
        #expect(Command.hello.rule.allows(.UNRECOGNIZED(77), on: .data) == .notAllowed)
        #expect(Command.heartbeat.rule.allows(.gateway, on: .unspecified) == .wrongLane)
    }
}
