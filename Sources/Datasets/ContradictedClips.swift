package import Plant

/// Clips whose bytes are called normal in one place and anomalous in another: which label is wrong nobody here can know,
/// so neither is used.
package struct ContradictedClips {
    package let usable: [DatasetClip]
    /// By path, each with the name of one that contradicts it.
    package let refused: [DatasetError]

    package init(among clips: [DatasetClip]) {
        let normal = Dictionary(clips.filter { !$0.isAnomaly }.map { ($0.sha256, $0.path) }) { first, _ in first }
        let anomalous = Dictionary(clips.filter(\.isAnomaly).map { ($0.sha256, $0.path) }) { first, _ in first }
        func contradiction(of clip: DatasetClip) -> String? { (clip.isAnomaly ? normal : anomalous)[clip.sha256] }
        usable = clips.filter { contradiction(of: $0) == nil }
        refused = clips.compactMap { clip in
            contradiction(of: clip).map { other in
                DatasetError(
                    .contradictedLabel, path: clip.path,
                    "has the same bytes as \(other), which is called \(clip.isAnomaly ? "normal" : "anomalous"); "
                        + "keep the one whose label is right")
            }
        }
    }
}
