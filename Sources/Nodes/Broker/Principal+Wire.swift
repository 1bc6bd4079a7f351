internal import Plant
internal import Wire

extension Parties {
    init(_ role: Principal.Role) {
        self =
            switch role {
            case .broker: .broker
            case .gateway: .gateway
            case .worker: .worker
            case .coordinator: .coordinator
            case .operator: .operator
            }
    }
}
