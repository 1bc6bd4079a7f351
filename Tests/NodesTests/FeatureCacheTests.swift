import Foundation
import Nodes
import Plant
import Testing

@Suite struct FeatureCacheTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "feature-cache-\(UUID())")

    private func cache(byteLimit: Int64 = 1 << 30) throws -> FeatureCache {
        try FeatureCache(directory: directory.path, byteLimit: byteLimit)
    }

    private func key(_ number: Int) -> ContentHash { ContentHash(of: Array("\(number)".utf8)) }

    private func size() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).reduce(0) { sum, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.appending(path: name).path)
            return sum + (attributes[.size] as? Int ?? 0)
        }
    }

    @Test func whatWasKeptIsFoundByAllWorkersOfTheHost() throws {
        let values = (0..<1000).map { Float($0) / 7 }
        try cache().keep(key(1), values)
        try cache().keep(key(2), [])
        #expect(try cache().find(key(1)) == values)
        #expect(try cache().find(key(2)) == [])
        #expect(try cache().find(key(3)) == nil)
    }

    @Test func damagedFilesAreNotBelieved() throws {
        let cache = try cache()
        cache.keep(key(1), [1, 2, 3])
        let file = directory.appending(path: key(1).description)
        var bytes = try Data(contentsOf: file)
        bytes[5] ^= 1
        try bytes.write(to: file)
        #expect(cache.find(key(1)) == nil)
        for count in [0, 3, 4, 7, 12] {
            try bytes.prefix(count).write(to: file)
            #expect(cache.find(key(1)) == nil)
        }
        cache.keep(key(1), [1, 2, 3])
        #expect(cache.find(key(1)) == [1, 2, 3])
    }

    @Test func theDirectoryStaysWithinItsBound() throws {
        let cache = try cache(byteLimit: 100_000)
        // 40 kB more than the bound may come between two looks.
        for number in 0..<640 { cache.keep(key(number), Array(repeating: 1, count: 155)) }
        #expect(try size() <= 100_000 + 64 * 624)
        #expect(cache.find(key(639)) != nil)
    }
}
