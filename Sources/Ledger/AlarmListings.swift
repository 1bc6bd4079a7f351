// Alarms as people read them; each prints itself. Times are texts such as `2025-11-25T06:00:00Z`.

package struct AlarmListing: Sendable, Hashable, Encodable {
    package let alarm: Int64
    package let site: String
    package let machine: String
    package let kind: String
    package let state: String
    /// The letter of ISA-18.2.
    package let isa: String
    package let since: String
    package let priority: Int
    package let guidance: String
    /// The clip that raised it last, and the model that judged it.
    package let job: Int64?
    package let modelVersion: String?
    package let shelvedUntil: String?
}

package struct AlarmEventListing: Sendable, Hashable, Encodable {
    package let event: Int64
    package let at: String
    package let eventType: String
    package let who: String
    package let reason: String
    package let until: String?
    package let label: String?
    package let job: Int64?
}
