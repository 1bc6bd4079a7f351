/// How often the broker has refused something under one error number.
package struct RefusalCount: Hashable, Sendable {
    /// Of the registry of error numbers.
    package var code: Int
    package var count: Int64

    package init(code: Int, count: Int64) {
        self.code = code
        self.count = count
    }
}
