internal import Tensors

/// Room for one clip on its way through a `FoldedMobileFaceNet`.
final class MobileFaceNetScratch {
    let images: (FloatBuffer, FloatBuffer)
    let ring: FloatBuffer
    let zeroRow: FloatBuffer
    let filtered: FloatBuffer
    let patches: FloatBuffer

    init(_ a: Architecture) {
        let plan = MobileFaceNetPlan(a)
        let largest = max(plan.filter.output.count, plan.bottlenecks.map(\.project.output.count).max() ?? 0)
        images = (FloatBuffer(count: largest), FloatBuffer(count: largest))
        let passes = plan.bottlenecks.map { bottleneck in
            let plane = bottleneck.expand.output
            return Plane(
                rows: plane.rows, columns: plane.columns,
                channels: min(plane.channels, FoldedMobileFaceNet.channelsPerPass))
        }
        let planes = passes + [plan.stem.output]
        let trunk = plan.trunk.output
        let bands = planes.map { BandRing.bandRows(columns: $0.columns) * $0.columns * $0.channels }
        let trunkBand = BandRing.bandRows(columns: trunk.columns) * trunk.columns * trunk.channels
        ring = FloatBuffer(count: max(2 * (bands.max() ?? 0), trunkBand))
        zeroRow = FloatBuffer(count: planes.map { $0.columns * $0.channels }.max() ?? 0)
        filtered = FloatBuffer(count: bands.max() ?? 0)
        patches = FloatBuffer(count: plan.stem.output.columns * plan.stem.input.channels * 9)
    }
}
