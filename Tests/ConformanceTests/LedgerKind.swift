import Ledger
import PostgreSQL
import TestSupport

/// All that is asked of a ledger.
typealias AnyLedger = BrokerLedger & DatasetLedger & EvaluationLedger & ModelLedger & OperationsLedger & RunLedger
    & SignalLedger

/// The implementations that each test of the suite is given, empty.
enum LedgerKind: CaseIterable, Sendable {
    case memory
    case postgreSQL

    func make() throws -> any AnyLedger {
        switch self {
        case .memory: return MemoryLedger()
        case .postgreSQL:
            let database = try PrivateDatabase(copyOf: "auscult_ledger") { url in
                _ = try Migrator(Connection(url)).migrate()
            }
            return PostgreSQLLedger(database.url)
        }
    }
}

/// The code of the ledger's error, nil when nothing was thrown.
func code(of body: () throws -> Void) throws -> LedgerError.Code? {
    do {
        try body()
        return nil
    } catch let error as LedgerError {
        return error.code
    }
}
