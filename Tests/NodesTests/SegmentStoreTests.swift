import FoundationEssentials
import Messaging
import Nodes
import Plant
import TestSupport
import Testing

/// Payloads on disk survive crashes at any byte, and whatever happens to the disk afterwards is noticed.
@Suite struct SegmentStoreTests {
    private final class Place {
        let path: String
        /// The rows.
        private(set) var known: [(location: SegmentLocation, payload: [UInt8])] = []

        init() throws { path = try TemporaryDirectory().path + "/clips" }

        deinit {
            do {
                try FileManager.default.removeItem(atPath: String(path.dropLast("/clips".count)))
            } catch {
                Issue.record("cannot tidy up: \(error)")
            }
        }

        func open(segmentBytes: Int64 = 1 << 20) throws -> SegmentStore {
            try SegmentStore(directory: path, segmentBytes: segmentBytes) { segment in
                let locations = known.map(\.location)
                return SegmentReach(
                    lastSegment: locations.map(\.segment).max() ?? 0,
                    lastLocation: locations.filter { $0.segment == segment }.max { $0.offset < $1.offset })
            }
        }

        /// Appends payloads and writes their rows.
        @discardableResult
        func store(_ payloads: [[UInt8]], in store: SegmentStore) throws -> [SegmentLocation] {
            let locations = try store.append(payloads.map { Frame.payload($0) })
            known += zip(locations, payloads).map { ($0, $1) }
            return locations
        }

        func file(_ segment: Int64) -> URL { URL(filePath: "\(path)/000000000\(segment).segment") }

        func change(_ segment: Int64, _ change: (inout Data) -> Void) throws {
            var bytes = try Data(contentsOf: file(segment))
            change(&bytes)
            try bytes.write(to: file(segment))
        }

        /// The numbers of the rows whose bytes are not what they were.
        func damaged(in store: SegmentStore) throws -> [Int] {
            try known.indices.filter { index in
                do {
                    let parts = try store.read(known[index].location, ContentHash(of: known[index].payload))
                    #expect(parts.flatMap(\.bytes) == known[index].payload, "what is handed out is what was stored")
                    return false
                } catch let error as PayloadStoreError where error.code == .damaged {
                    return true
                }
            }
        }
    }

    private func payload(_ count: Int, _ salt: UInt8) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) ^ salt }
    }

    @Test func whatWasAppendedIsReadBack() throws {
        let place = try Place()
        let store = try place.open()
        let payloads = [payload(10, 1), payload(0, 2), payload(700_000, 3), payload(2_500_000, 4), payload(9, 5)]
        let locations = try place.store(payloads, in: store)
        #expect(Set(locations.map(\.segment)).count > 1, "a full segment makes room for the next")
        #expect(try place.damaged(in: store) == [])
    }

    @Test func aReopenedStoreBeginsAnotherSegmentAndGivesUnusedRoomBack() throws {
        let place = try Place()
        try place.store([payload(1_000, 1), [UInt8](repeating: 0, count: 100)], in: try place.open())
        // As after SIGKILL: the segment is as long as it was reserved.
        try place.change(1) { $0.append(Data(count: 1 << 20)) }
        let store = try place.open()
        #expect(try place.store([payload(500, 2)], in: store)[0].segment == 2)
        #expect(try Data(contentsOf: place.file(1)).count == 1_024 + 128, "also where a clip ends in silence")
        #expect(try place.damaged(in: store) == [])
    }

    /// The second record is torn at every interesting byte. Nobody was told of it; the first stays, the next is whole.
    @Test(arguments: [0, 1, 8, 23, 24, 25, 300, 523])
    func aTornRecordHarmsNobody(kept: Int) throws {
        let place = try Place()
        let first = try place.open()
        try place.store([payload(1_000, 1)], in: first)
        let torn = Int(try first.append([Frame.payload(payload(500, 2))])[0].offset) + kept
        try place.change(1) { $0.replaceSubrange(torn..., with: Data(count: $0.count - torn)) }
        let store = try place.open()
        try place.store([payload(20, 3)], in: store)
        #expect(try place.damaged(in: store) == [])
    }

    /// A flipped bit in the first of three clips, wherever it is, and a restart: the others are as they were.
    @Test(arguments: [0, 5, 9, 17, 23, 24, 500, 1_023])
    func aDamagedRecordTakesNoOtherAlong(byte: Int) throws {
        let place = try Place()
        try place.store([payload(1_000, 1), payload(1_000, 2), payload(1_000, 3)], in: try place.open())
        try place.change(1) { $0[byte] ^= 1 }
        let store = try place.open()
        try place.store([payload(1_000, 4)], in: store)
        #expect(try place.damaged(in: store) == (byte < 24 ? [] : [0]), "a header alone decides nothing")
    }

    @Test func aTruncatedSegmentKeepsWhatItHas() throws {
        let place = try Place()
        try place.store([payload(1_000, 1), payload(1_000, 2), payload(1_000, 3)], in: try place.open())
        try place.change(1) { $0.removeLast(1_500) }
        let store = try place.open()
        try place.store([payload(1_000, 4)], in: store)
        #expect(try place.damaged(in: store) == [1, 2])
    }

    @Test func swappedRecordsAreNotTakenForEachOther() throws {
        let place = try Place()
        try place.store([payload(1_000, 1), payload(1_000, 2)], in: try place.open())
        try place.change(1) { $0 = $0[1_024..<2_048] + $0[0..<1_024] }
        #expect(try place.damaged(in: try place.open()) == [0, 1])
    }

    @Test func theNumberOfALostSegmentIsNotUsedAgain() throws {
        let place = try Place()
        try place.store([payload(1_000, 1)], in: try place.open())
        try FileManager.default.removeItem(at: place.file(1))
        let store = try place.open()
        #expect(try place.store([payload(1_000, 2)], in: store)[0].segment == 2)
        #expect(try place.damaged(in: store) == [0])
    }

    @Test func noLocationIsReadBeyondItsFile() throws {
        let place = try Place()
        let store = try place.open()
        try place.store([payload(1_000, 1)], in: store)
        for (segment, offset, length) in [
            (Int64(1), Int64.max, Int64(1)), (1, -25, 1_000), (1, 0, .max), (1, 0, -1), (.max, 0, 1), (.min, 0, 1),
            (0, 0, 1),
        ] {
            let location = SegmentLocation(segment: segment, offset: offset, length: length)
            let error = #expect(throws: PayloadStoreError.self) { try store.read(location, ContentHash(of: [])) }
            #expect(error?.code == .damaged, "\(location)")
        }
    }

    /// Names near the largest number, and files that only look like segments.
    @Test func strangersInTheFolderAreLeftAlone() throws {
        let place = try Place()
        try place.store([payload(10, 1)], in: try place.open())
        let strangers = [
            "9223372036854775807.segment", "9223372036854775806.segment", "-000000001.segment", "5.segment",
            "00000000005.segment", "+000000005.segment", "0000000000.segment", "notes.txt", ".segment",
        ]
        for name in strangers { try Data("mine".utf8).write(to: URL(filePath: "\(place.path)/\(name)")) }
        let store = try place.open()
        #expect(try place.store([payload(10, 2)], in: store)[0].segment == 2)
        #expect(try place.damaged(in: store) == [])
        #expect(try store.segments(untouchedForSeconds: 0) == [1])
        for name in strangers { #expect(FileManager.default.fileExists(atPath: "\(place.path)/\(name)")) }
        // The last number there can be is a segment's, and says so when there is none after it.
        try Data().write(to: URL(filePath: "\(place.path)/9999999999.segment"))
        let error = #expect(throws: PayloadStoreError.self) { try place.open().append([Frame.payload([1])]) }
        #expect(error?.code == .refused)
    }

    @Test func aFullDiskIsSaidSo() throws {
        let place = try Place()
        let store = try place.open(segmentBytes: 1 << 50)
        let error = #expect(throws: PayloadStoreError.self) { try store.append([Frame.payload(payload(10, 1))]) }
        #expect(error?.code == .full)
    }

    @Test func brokersThatShareAFolderNeverWriteTheSameSegment() throws {
        let place = try Place()
        let first = try place.open()
        let before = try place.store([payload(10, 1)], in: first)[0]
        let second = try place.open()
        let theirs = try place.store([payload(20, 2)], in: second)[0]
        let ours = try place.store([payload(30, 3)], in: first)[0]
        #expect(ours.segment == before.segment && theirs.segment != before.segment)
        // The first one fills its segment and takes the next free number.
        let next = try place.store([payload(1 << 20, 4)], in: first)[0]
        #expect(![before.segment, theirs.segment].contains(next.segment))
        #expect(try place.damaged(in: first) == [])
        #expect(try place.damaged(in: second) == [])
    }
}
