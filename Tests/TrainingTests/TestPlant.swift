import Plant
import Spectra
import Tensors
import Testing

/// A small dataset of log-mel clips: two machines whose bands lie apart, anomalous clips a little off.
struct TestPlant {
    static let feature = FeatureRecord(
        sampleRateHz: 16_000, fftLength: 1024, hopLength: 512, melBands: 6, reflectPadding: true)

    private(set) var clips: [DatasetClip] = []
    private(set) var content: [ContentHash: [UInt8]] = [:]

    init(machines: [String] = ["fan/id_00", "pump/id_02"], trainingClips: Int = 24, testClips: Int = 8) throws {
        for (number, text) in machines.enumerated() {
            let machine = try #require(MachineName(text))
            var random = CounterRandom(11, UInt64(number))
            let bands = (0..<6).map { Double(10 * number) + Double($0) * 3 - 40 }
            func logMel(offset: Double) -> [UInt8] {
                let levels = bands.map { $0 + random.nextNormal() + offset }
                let values = levels.flatMap { level in (0..<20).map { _ in Float(level + 2 * random.nextNormal()) } }
                return NumPyArray.bytes(of: LogMel(melBands: 6, frames: 20, values: values))
            }
            for index in 0..<trainingClips {
                add(logMel(offset: 0), machine, .train, false, "\(text)/train/\(index)")
            }
            for index in 0..<testClips {
                add(logMel(offset: 0), machine, .test, false, "\(text)/test/normal/\(index)")
                add(logMel(offset: 2.5), machine, .test, true, "\(text)/test/anomaly/\(index)")
            }
        }
    }

    mutating func add(
        _ bytes: [UInt8], _ machine: MachineName, _ split: DatasetClip.Split, _ isAnomaly: Bool, _ path: String
    ) {
        let hash = ContentHash(of: bytes)
        content[hash] = bytes
        clips.append(
            DatasetClip(
                machine: machine, split: split, isAnomaly: isAnomaly, format: .logMel, path: path, sha256: hash))
    }

    mutating func add(content bytes: [UInt8]) -> ContentHash {
        let hash = ContentHash(of: bytes)
        content[hash] = bytes
        return hash
    }

    func bytes(_ hash: ContentHash) throws -> [UInt8] { try #require(content[hash]) }
}
