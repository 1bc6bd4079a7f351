import FoundationEssentials
import Ledger
import Messaging
import Nodes
import Plant
import PostgreSQL
import TestSupport
import Testing

/// The stores that each test of the suite is given, empty.
enum StoreKind: CaseIterable, Sendable {
    case segments
    case bytea

    /// Lends a test an empty place, which is gone afterwards.
    func withPlace(_ body: (StorePlace) throws -> Void) throws {
        let place = try StorePlace(self)
        defer { place.remove() }
        try body(place)
    }
}

/// Where payloads lie; outlives the stores that are opened on it.
final class StorePlace {
    private let kind: StoreKind
    private let folder: TemporaryDirectory
    /// What the database would say.
    private var known = SegmentReach()
    private let database: PrivateDatabase

    init(_ kind: StoreKind) throws {
        self.kind = kind
        folder = try TemporaryDirectory()
        database = try PrivateDatabase(copyOf: "auscult_ledger") { url in
            _ = try Migrator(Connection(url)).migrate()
        }
    }

    func remove() {
        do {
            try FileManager.default.removeItem(atPath: folder.path)
        } catch {
            Issue.record("cannot tidy up: \(error)")
        }
    }

    /// Opens a store, as a broker does when it begins to lead. Segments have room for two kilobytes.
    func open() throws -> any PayloadStore {
        switch kind {
        case .segments:
            return try SegmentStore(directory: "\(folder.path)/clips", segmentBytes: 2_000) { _ in known }
        case .bytea:
            let ledger = PostgreSQLLedger(database.url)
            return RowStore(.clips) { ledger }
        }
    }

    /// Flips one bit of a payload where it lies.
    func damage(_ location: SegmentLocation) throws {
        switch kind {
        case .segments:
            let file = URL(filePath: "\(folder.path)/clips/000000000\(location.segment).segment")
            var bytes = try Data(contentsOf: file)
            bytes[Int(location.offset) + 24 + Int(location.length) / 2] ^= 1
            try bytes.write(to: file)
        case .bytea:
            try database.connect().execute(
                "UPDATE auscult.clip_payload SET bytes = set_bit(bytes, octet_length(bytes) * 4, "
                    + "1 - get_bit(bytes, octet_length(bytes) * 4)) WHERE number = $1", [.int64(-location.segment)])
        }
    }

    /// Leaves behind what a crash in the middle of an append leaves: bytes after the last whole payload.
    func tear() throws {
        switch kind {
        case .segments:
            let location = try open().append([Frame.payload([UInt8](repeating: 7, count: 100))])[0]
            let file = URL(filePath: "\(folder.path)/clips/000000000\(location.segment).segment")
            var bytes = try Data(contentsOf: file)
            let kept = Int(location.offset) + 50
            bytes.replaceSubrange(kept..., with: Data(count: bytes.count - kept))
            try bytes.write(to: file)
        case .bytea:
            let connection = try database.connect()
            try connection.execute("BEGIN")
            try connection.execute("INSERT INTO auscult.clip_payload (checksum, bytes) VALUES (0, '\\x00')")
        // The connection ends here, and its transaction with it.
        }
    }

    /// Whether an append tells its caller only what the disk has.
    func expectDurableBeforeTold() throws {
        let payload = [Frame.payload([UInt8](repeating: 3, count: 500))]
        switch kind {
        case .segments:
            let path = "\(folder.path)/watched"
            var synchronised: [Int] = []
            let store = try SegmentStore(directory: path, segmentBytes: 2_000, reach: { _ in known }) { _ in
                let bytes = (try? Data(contentsOf: URL(filePath: "\(path)/0000000001.segment"))) ?? Data()
                synchronised.append(bytes.count { $0 == 3 })
                return 0
            }
            _ = try store.append(payload)
            #expect(synchronised == [500], "all bytes are written, then synchronised, then told")
            let failing = try SegmentStore(
                directory: "\(folder.path)/failing", segmentBytes: 2_000, reach: { _ in known }
            ) { _ in -1 }
            let error = #expect(throws: PayloadStoreError.self) { try failing.append(payload) }
            #expect(error?.code == .syncFailed)
        case .bytea:
            // A session that would let commits return early; a trigger notes what the insert really ran under.
            let connection = try database.connect()
            try connection.executeScript(
                """
                CREATE TABLE auscult.noted (setting text);
                CREATE FUNCTION auscult.note() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO auscult.noted VALUES (current_setting('synchronous_commit'));
                    RETURN NULL;
                END
                $$;
                CREATE TRIGGER note AFTER INSERT ON auscult.clip_payload EXECUTE FUNCTION auscult.note();
                """)
            let ledger = PostgreSQLLedger(database.url + "?options=-csynchronous_commit%3Doff")
            _ = try RowStore(.clips) { ledger }.append(payload)
            let noted = try connection.execute("SELECT setting FROM auscult.noted")
            #expect(try noted.map { try $0.text(0) } == ["on"])
        }
    }
}

/// What every store of payloads keeps to.
@Suite struct PayloadStoreTests {
    private func payload(_ count: Int, _ salt: UInt8) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) ^ salt }
    }

    private func hash(_ parts: [Frame]) -> ContentHash { ContentHash(of: parts.flatMap(\.bytes)) }

    @Test(arguments: StoreKind.allCases)
    func whatWasAppendedIsReadBackByItsHash(_ kind: StoreKind) throws {
        try kind.withPlace { place in
            let store = try place.open()
            let payloads = [payload(10, 1), payload(0, 2), payload(700_000, 3), payload(2_500_000, 4), payload(9, 5)]
            let locations = try store.append(payloads.map { Frame.payload($0) })
            #expect(locations.map(\.length) == payloads.map { Int64($0.count) })
            #expect(Set(locations.map { "\($0.segment)/\($0.offset)" }).count == payloads.count)
            for (location, payload) in zip(locations, payloads) {
                let parts = try store.read(location, ContentHash(of: payload))
                #expect(hash(parts) == ContentHash(of: payload))
                #expect(parts.allSatisfy { $0.count <= 1 << 20 })
            }
            #expect(try store.append([]).isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func bytesAreDurableBeforeTheyAreToldToBe(_ kind: StoreKind) throws {
        try kind.withPlace { place in
            try place.expectDurableBeforeTold()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aRestartFindsEverythingAndGoesOn(_ kind: StoreKind) throws {
        try kind.withPlace { place in
            var known: [(SegmentLocation, [UInt8])] = []
            for salt in 0..<6 as Range<UInt8> {
                let payloads = [payload(700, salt), payload(40, salt)]
                known += zip(try place.open().append(payloads.map { Frame.payload($0) }), payloads)
            }
            let store = try place.open()
            for (location, payload) in known {
                #expect(try store.read(location, ContentHash(of: payload)).flatMap(\.bytes) == payload)
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aDamagedPayloadIsNotHandedOut(_ kind: StoreKind) throws {
        try kind.withPlace { place in
            let store = try place.open()
            let locations = try store.append([payload(1_000, 1), payload(600, 2)].map { Frame.payload($0) })
            try place.damage(locations[0])
            let error = #expect(throws: PayloadStoreError.self) {
                try store.read(locations[0], ContentHash(of: payload(1_000, 1)))
            }
            #expect(error?.code == .damaged)
            #expect(try store.read(locations[1], ContentHash(of: payload(600, 2))).flatMap(\.bytes) == payload(600, 2))
            let another = #expect(throws: PayloadStoreError.self) {
                try store.read(locations[1], ContentHash(of: payload(600, 3)))
            }
            #expect(another?.code == .damaged)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func whatACrashLeftHalfDoneIsNobodys(_ kind: StoreKind) throws {
        try kind.withPlace { place in
            let whole = try place.open().append([Frame.payload(payload(500, 1))])[0]
            try place.tear()
            let store = try place.open()
            let next = try store.append([Frame.payload(payload(300, 2))])[0]
            #expect(try store.read(whole, ContentHash(of: payload(500, 1))).flatMap(\.bytes) == payload(500, 1))
            #expect(try store.read(next, ContentHash(of: payload(300, 2))).flatMap(\.bytes) == payload(300, 2))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func onlyWholeSegmentsAreGivenUp(_ kind: StoreKind) throws {
        try kind.withPlace { place in
            let store = try place.open()
            let payloads = (0..<8 as Range<UInt8>).map { payload(900, $0) }
            let locations = try store.append(payloads.map { Frame.payload($0) })
            #expect(try store.segments(untouchedForSeconds: 3_600).isEmpty)
            let whole = try store.segments(untouchedForSeconds: 0)
            #expect(whole == whole.sorted() && whole.count >= 3 && Set(whole).isSubset(of: locations.map(\.segment)))
            let victims = Array(whole.prefix(2))
            try store.remove(victims)
            try store.remove(victims)
            let reopened = try place.open()
            for (location, payload) in zip(locations, payloads) {
                if victims.contains(location.segment) {
                    let error = #expect(throws: PayloadStoreError.self) {
                        try reopened.read(location, ContentHash(of: payload))
                    }
                    #expect(error?.code == .damaged)
                } else {
                    #expect(try reopened.read(location, ContentHash(of: payload)).flatMap(\.bytes) == payload)
                }
            }
            try reopened.remove(reopened.segments(untouchedForSeconds: 0))
            let next = try place.open().append([Frame.payload(payload(1_900, 9))])[0]
            #expect(!locations.map(\.segment).contains(next.segment), "numbers are never used twice")
        }
    }

    @Test func aDatabaseThatIsAwayIsSaidSo() throws {
        let store = RowStore(.clips) { throw LedgerError(.unreachable, "away") }
        let error = #expect(throws: PayloadStoreError.self) { try store.append([Frame.payload([1])]) }
        #expect(error?.code == .unavailable)
    }
}
