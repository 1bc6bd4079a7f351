import Brokerage
import FoundationEssentials
import Ledger
import Logging
import Messaging
import Nodes
import Plant
import SwiftProtobuf
import Testing
import Wire

/// A broker over real sockets and files, with a ledger in memory; its folder goes away with it.
final class LiveBroker {
    let ledger = MemoryLedger()
    let node: BrokerNode
    /// The broker's own keys, where connections are protected.
    let keys: CurveKeyPair?
    private let directory = FileManager.default.temporaryDirectory.appending(path: "auscult-live-\(UUID().uuidString)")
        .path

    init(
        secure: Bool = false, configuration: BrokerConfiguration = .init(), unreadAnswers: Int = 16_384,
        unreadBytes: Int = 64 << 20, peersPerKey: Int = 256, residentBytes: Int? = nil,
        onFailure: @escaping @Sendable (any Error) -> Void = { Issue.record("the broker failed: \($0)") }
    ) throws {
        let feature = FeatureRecord(
            sampleRateHz: 16_000, fftLength: 2_048, hopLength: 512, melBands: 128, reflectPadding: false)
        let model = try ledger.addModel(
            ModelDraft(
                kind: "density", file: [1, 2, 3], weightsHash: ContentHash(of: [1]), feature: feature, dataset: nil,
                machines: [try #require(MachineName("fan/id_00"))]))
        _ = try ledger.promote(model.version, machines: nil)
        keys = secure ? try CurveKeyPair() : nil
        var settings = BrokerNode.Configuration(
            listen: .tcp(host: "127.0.0.1", port: 0), security: keys.map { .curveServer($0) } ?? .plain,
            dataDirectory: directory, holder: "test", broker: configuration, unreadAnswers: unreadAnswers,
            unreadBytes: unreadBytes)
        (settings.peersPerKey, settings.residentBytes) = (peersPerKey, residentBytes)
        node = try BrokerNode.start(
            settings,
            lock: MemoryLeaderLock(), ledger: { [ledger] in ledger },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onFailure: onFailure)
    }

    func peer(_ role: WireRole, _ name: String, session: String = "1", keys own: CurveKeyPair? = nil) throws
        -> BrokerPeer
    {
        var security = Security.plain
        if let own { security = .curveClient(own, broker: try #require(keys).publicKey) }
        return try BrokerPeer(role, name, at: node.endpoint, session: session, security: security)
    }

    /// Lets a new key in.
    func allow(_ role: Principal.Role, site: String? = nil, name: String = "somebody") throws -> CurveKeyPair {
        let pair = try CurveKeyPair()
        try ledger.allow(Principal(publicKey: pair.publicKey.text, role: role, site: site, name: name))
        return pair
    }

    /// Waits until so many refusals of a number are counted in the ledger; fails after ten seconds.
    func expectRefusals(_ code: WireError.Code, atLeast count: Int64 = 1) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        var poller = Poller()
        while ledger.refusals[Int(code.rawValue), default: 0] < count {
            guard ContinuousClock.now < deadline else {
                Issue.record("\(code) was counted \(ledger.refusals[Int(code.rawValue), default: 0]) times")
                return
            }
            try poller.wait(.milliseconds(20))
        }
    }

    /// A clip of fan/id_00 as a gateway announces it.
    static func submission(_ key: String, _ payload: [UInt8], site: String = "plant") -> WireSubmit {
        .with {
            $0.key = key
            $0.site = site
            $0.machine.type = "fan"
            $0.machine.id = "id_00"
            $0.sha256 = Data(ContentHash(of: payload).bytes)
            $0.format = .audio
            $0.length = UInt64(payload.count)
            $0.name = "\(key).wav"
        }
    }

    static let wav = Array("RIFF".utf8) + (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }

    deinit {
        do {
            try node.stop()
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            Issue.record("cannot tidy up: \(error)")
        }
    }
}

extension BrokerPeer {
    /// The number of the next refusal.
    func refusal() throws -> WireError.Code {
        try wait { if case .reject(let reject) = $0 { reject.error.code } else { nil } }.0
    }

    /// Pushes a clip that must be accepted.
    func expectAccepted(_ key: String) throws {
        try say(.submit(LiveBroker.submission(key, LiveBroker.wav)), payload: LiveBroker.wav)
        _ = try wait { if case .accepted(let accepted) = $0 { accepted.key == key ? accepted : nil } else { nil } }
    }
}
