/// The model version that scores one machine's clips.
package struct Champion: Hashable, Sendable {
    package var machine: MachineName
    package var modelVersion: String
    package var modelHash: ContentHash

    package init(machine: MachineName, modelVersion: String, modelHash: ContentHash) {
        (self.machine, self.modelVersion, self.modelHash) = (machine, modelVersion, modelHash)
    }
}
