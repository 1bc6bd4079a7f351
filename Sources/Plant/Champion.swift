/// The model version that scores one machine's clips.
package struct Champion: Hashable, Sendable {
    package var machine: MachineName
    package var modelVersion: String
    package var modelHash: ContentHash
    /// Whether machines that no model knows can be learned beside this one.
    package var teaches: Bool

    package init(machine: MachineName, modelVersion: String, modelHash: ContentHash, teaches: Bool = false) {
        (self.machine, self.modelVersion, self.modelHash) = (machine, modelVersion, modelHash)
        self.teaches = teaches
    }
}
