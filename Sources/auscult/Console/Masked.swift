import FoundationEssentials

/// A setting that may be shown to anybody: its secrets, whole, are four stars.
struct Masked {
    let text: String

    init(_ setting: String) {
        if setting.hasPrefix("{") {
            // Keys may be given as they are.
            text = Self.stars
        } else if let scheme = setting.firstRange(of: "://") {
            text = Self.url(setting, from: scheme.upperBound)
        } else {
            text = Self.words(setting)
        }
    }

    private static let stars = "****"

    /// `user:PASSWORD@host`, where even a wrongly written password ends before the last `@`, and `?password=`.
    private static func url(_ url: String, from start: String.Index) -> String {
        var (shown, rest) = (String(url[..<start]), url[start...])
        if let at = rest.lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") {
            shown += rest[...colon] + stars
            rest = rest[at...]
        }
        guard let query = rest.firstIndex(of: "?") else { return shown + rest }
        shown += rest[..<query]
        var separator: Character = "?"
        for parameter in rest[rest.index(after: query)...].split(separator: "&", omittingEmptySubsequences: false) {
            let name = String(parameter.prefix { $0 != "=" })
            // What follows a password may be a part of it that was not escaped.
            if isSecret(name) { return "\(shown)\(separator)\(name)=\(stars)" }
            shown += "\(separator)\(parameter)"
            separator = "&"
        }
        return shown
    }

    /// `host=db password=SECRET`: from the first secret on nothing is shown.
    private static func words(_ text: String) -> String {
        guard let secret = text.firstRange(of: "password") else { return text }
        return "\(text[..<secret.upperBound])=\(stars)"
    }

    /// A name that is written in escapes has something to hide.
    private static func isSecret(_ name: String) -> Bool { name.contains("password") || name.contains("%") }
}
