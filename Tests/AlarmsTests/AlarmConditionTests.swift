import Alarms
import Testing

/// An alarm's events come to the states of ISA-18.2.
@Suite struct AlarmConditionTests {
    private static func condition(after events: AlarmEvent...) -> AlarmCondition {
        var condition = AlarmCondition()
        events.forEach { condition.apply($0) }
        return condition
    }

    private static let raised = AlarmEvent.raised(job: 1, modelVersion: "ear-1")
    private static let cleared = AlarmEvent.cleared(job: 2)

    @Test func everyLetterIsReached() {
        let stories: [([AlarmEvent], AlarmCondition.Letter)] = [
            ([], .normal),
            ([Self.raised], .unacknowledged),
            ([Self.raised, .acknowledged], .acknowledged),
            ([Self.raised, Self.cleared], .returnedUnacknowledged),
            ([Self.raised, Self.cleared, .acknowledged], .normal),
            ([Self.raised, .acknowledged, Self.cleared], .normal),
            ([Self.raised, .acknowledged, Self.cleared, Self.raised], .unacknowledged),
            ([Self.raised, .shelved(until: 5)], .shelved),
            ([Self.raised, .shelved(until: 5), .unshelved], .unacknowledged),
            ([Self.raised, .shelved(until: nil), Self.cleared], .returnedUnacknowledged),
            ([Self.raised, .shelved(until: 5), .suppressed], .suppressed),
            ([Self.raised, .suppressed, .takenOutOfService], .outOfService),
            ([Self.raised, .takenOutOfService, .returnedToService], .unacknowledged),
        ]
        for (events, letter) in stories {
            var condition = AlarmCondition()
            events.forEach { condition.apply($0) }
            #expect(condition.letter == letter, "\(events)")
        }
        #expect(Set(stories.map(\.1)) == Set(AlarmCondition.Letter.allCases))
    }

    @Test func anAcknowledgementLastsUntilTheNextOccurrence() {
        let acknowledged = Self.condition(after: Self.raised, .acknowledged)
        #expect(acknowledged.event(of: AlarmAct(.acknowledge, who: "ann"), now: 0) == .failure(.nothingToAcknowledge))
        let again = Self.condition(after: Self.raised, .acknowledged, Self.cleared, Self.raised)
        #expect(again.event(of: AlarmAct(.acknowledge, who: "ann"), now: 0) == .success(.acknowledged))
    }

    @Test func shelvingNeedsAReasonAndAnEnd() {
        let active = Self.condition(after: Self.raised)
        let hour: Int64 = 3_600_000_000
        func shelve(_ duration: Int64?, _ reason: String) -> Result<AlarmEvent, AlarmRefusal> {
            active.event(of: AlarmAct(.shelve(duration: duration), reason: reason, who: "ann"), now: 7)
        }
        #expect(shelve(hour, "") == .failure(.reasonMissing))
        #expect(shelve(hour, "noise") == .success(.shelved(until: 7 + hour)))
        #expect(shelve(nil, "noise") == .success(.shelved(until: nil)))
        #expect(shelve(8 * 24 * hour, "noise") == .failure(.shelvedTooLong))
        #expect(shelve(0, "noise") == .failure(.shelvedTooLong))
        #expect(shelve(.min, "noise") == .failure(.shelvedTooLong))
    }

    @Test func closingLabelsAnOccurrenceOnce() {
        let close = AlarmAct(.close(.falseAlarm), who: "ann")
        #expect(AlarmCondition().event(of: close, now: 0) == .failure(.nothingToClose))
        let closed = Self.condition(after: Self.raised, Self.cleared, .closed(.falseAlarm))
        #expect(closed.letter == .normal && closed.label == .falseAlarm)
        #expect(closed.event(of: close, now: 0) == .failure(.nothingToClose))
    }
}
