internal import Plant
internal import Tensors

/// Which clips a network is trained on, and which are held back.
///
/// Held back is one block of consecutive clips of each machine: clips recorded together stay on one side, so that
/// validation is not easier than service.
struct ClipSplit {
    /// At most as many clips as this are held back for the sake of thresholds where the share alone gives fewer ...
    private static let wantedClips = 20
    /// ... but never more than this part of the machine's clips.
    private static let largestPart = 5

    private(set) var training: [DatasetClip] = []
    private(set) var heldBack: [DatasetClip] = []

    /// - Parameters:
    ///   - clips: in fixed order, which keeps clips recorded together side by side.
    ///   - share: of each machine's clips, 0...1.
    init(_ clips: [DatasetClip], share: Double, seed: UInt64) {
        let machines = Dictionary(grouping: clips, by: \.machine).sorted { $0.key < $1.key }
        for (index, (_, clips)) in machines.enumerated() {
            let count = Self.heldBackCount(of: clips.count, share: share)
            var random = CounterRandom(seed, 0x5711_7000, UInt64(index))
            let start = random.nextIndex(below: clips.count - count + 1)
            for (position, clip) in clips.enumerated() {
                if (start..<start + count).contains(position) { heldBack.append(clip) } else { training.append(clip) }
            }
        }
    }

    private static func heldBackCount(of clips: Int, share: Double) -> Int {
        guard share > 0 else { return 0 }
        let asked = Int((Double(clips) * share).rounded(.up))
        return min(max(asked, min(wantedClips, clips / largestPart)), clips - 1)
    }
}
