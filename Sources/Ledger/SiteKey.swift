internal import Plant

/// What makes a clip the same clip when it is sent again.
struct SiteKey: Hashable {
    let site: String
    let key: String

    init(site: String, key: String) {
        (self.site, self.key) = (site, key)
    }

    init(_ clip: ClipRecord) {
        self.init(site: clip.site, key: clip.key)
    }
}
