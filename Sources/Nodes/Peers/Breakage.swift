/// Finds the message that breaks the connection whenever it is sent.
///
/// After a few breaks with no answer in between, messages go one at a time; the one that still breaks the connection,
/// alone and again and again, is to blame. A broker that was restarted has another epoch and blames nobody.
struct Breakage {
    /// Breaks in a row before messages go one at a time; and before the one that goes alone is to blame.
    private static let patience = 3

    private var epoch: UInt64 = 0
    private var breaks = 0

    /// Nothing is to be sent while anything is unanswered.
    var goesOneByOne: Bool { breaks >= Self.patience }

    /// A broker welcomes us. Returns whether the message that went alone is to blame.
    ///
    /// - Parameter unanswered: whether anything was sent to the session before and not answered.
    mutating func isProved(byWelcomeOf epoch: UInt64, unanswered: Bool) -> Bool {
        breaks = unanswered && epoch == self.epoch ? breaks + 1 : 0
        self.epoch = epoch
        guard breaks >= 2 * Self.patience else { return false }
        breaks = 0
        return true
    }

    /// Something was answered: messages arrive.
    mutating func answered() { breaks = 0 }
}
