import FoundationEssentials
import Messaging
import Nodes
import Plant
import Testing

/// Payloads on disk survive crashes at any byte.
@Suite struct SegmentStoreTests {
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "auscult-segments-\(UUID().uuidString)").path

        deinit {
            do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record("cannot tidy up: \(error)") }
        }

        func file(_ segment: Int) -> String { "\(path)/000000000\(segment).segment" }
    }

    private func payload(_ count: Int, _ salt: UInt8) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) ^ salt }
    }

    private func frames(_ payloads: [[UInt8]]) -> [[Frame]] { payloads.map { Frame.payload($0) } }

    @Test func whatWasAppendedIsReadBack() throws {
        let folder = Folder()
        let store = try SegmentStore(directory: folder.path, segmentBytes: 1 << 20)
        let payloads = [payload(10, 1), payload(0, 2), payload(700_000, 3), payload(2_500_000, 4), payload(9, 5)]
        let locations = try store.append(frames(payloads))
        #expect(Set(locations.map(\.segment)).count > 1, "a full segment makes room for the next")
        for (location, payload) in zip(locations, payloads) {
            #expect(try store.read(location).flatMap(\.bytes) == payload)
        }
    }

    @Test func aReopenedStoreGoesOnBehindItsLastRecord() throws {
        let folder = Folder()
        let first = payload(1_000, 1)
        let location = try SegmentStore(directory: folder.path, segmentBytes: 1 << 20).append(frames([first]))[0]
        let store = try SegmentStore(directory: folder.path, segmentBytes: 1 << 20)
        let second = try store.append(frames([payload(500, 2)]))[0]
        #expect(second.segment == location.segment && second.offset == 1_024)
        #expect(try store.read(location).flatMap(\.bytes) == first)
    }

    /// The second record is torn at every interesting byte: the first stays, the torn one is gone, the next is whole.
    @Test(arguments: [0, 1, 8, 23, 24, 25, 300, 523])
    func aTornRecordIsCutOff(kept: Int) throws {
        let folder = Folder()
        let whole = payload(1_000, 1)
        let locations = try SegmentStore(directory: folder.path, segmentBytes: 1 << 20)
            .append(frames([whole, payload(500, 2)]))
        let path = folder.file(1)
        var bytes = try Data(contentsOf: URL(filePath: path))
        let torn = Int(locations[1].offset) + kept
        bytes.replaceSubrange(torn..., with: Data(count: bytes.count - torn))
        try bytes.write(to: URL(filePath: path))
        let store = try SegmentStore(directory: folder.path, segmentBytes: 1 << 20)
        let next = try store.append(frames([payload(20, 3)]))[0]
        #expect(next.offset == locations[1].offset)
        #expect(try store.read(locations[0]).flatMap(\.bytes) == whole)
        #expect(try store.read(next).flatMap(\.bytes) == payload(20, 3))
    }

    @Test func aDamagedRecordIsNotHandedOut() throws {
        let folder = Folder()
        let store = try SegmentStore(directory: folder.path, segmentBytes: 2_000)
        let locations = try store.append(frames([payload(1_000, 1), payload(1_500, 2)]))
        #expect(locations.map(\.segment) == [1, 2])
        var bytes = try Data(contentsOf: URL(filePath: folder.file(1)))
        bytes[500] ^= 1
        try bytes.write(to: URL(filePath: folder.file(1)))
        let error = #expect(throws: PayloadStoreError.self) { try store.read(locations[0]) }
        #expect(error?.code == .damaged)
        var elsewhere = locations[1]
        elsewhere.offset = 8
        #expect(throws: PayloadStoreError.self) { try store.read(elsewhere) }
    }

    @Test func aFullDiskIsSaidSo() throws {
        let folder = Folder()
        let store = try SegmentStore(directory: folder.path, segmentBytes: 1 << 50)
        let error = #expect(throws: PayloadStoreError.self) { try store.append(frames([payload(10, 1)])) }
        #expect(error?.code == .full)
    }

    @Test func brokersThatShareAFolderNeverWriteTheSameSegment() throws {
        let folder = Folder()
        let first = try SegmentStore(directory: folder.path, segmentBytes: 1 << 20)
        let before = try first.append(frames([payload(10, 1)]))[0]
        let second = try SegmentStore(directory: folder.path, segmentBytes: 1 << 20)
        let theirs = try second.append(frames([payload(20, 2)]))[0]
        let ours = try first.append(frames([payload(30, 3)]))[0]
        #expect(ours.segment == before.segment && theirs.segment != before.segment)
        // The first one fills its segment and takes the next free number.
        let next = try first.append(frames([payload(1 << 20, 4)]))[0]
        #expect(![before.segment, theirs.segment].contains(next.segment))
        for (location, payload) in [(before, payload(10, 1)), (theirs, payload(20, 2)), (ours, payload(30, 3))] {
            #expect(try first.read(location).flatMap(\.bytes) == payload)
            #expect(try second.read(location).flatMap(\.bytes) == payload)
        }
    }
}
