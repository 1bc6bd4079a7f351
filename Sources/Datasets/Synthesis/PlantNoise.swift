internal import Tensors

/// The hall around a machine: ventilation, other machines, and now and then a clank.
///
/// The noise falls by about 3 dB per octave (three first-order low-passes in parallel, after Kellet); its power is set
/// against that of the healthy machine by the signal-to-noise ratio.
enum PlantNoise {
    /// Noise of unit power.
    static func sound(seconds: Double, random: inout CounterRandom) -> Sound {
        var sound = Sound(seconds: seconds)
        let white = whiteNoise(sound.samples.count, &random)
        sound.add(pink(white), level: 1)
        for _ in 0..<2 {
            let neighbour = ShaftMotion(
                speedHz: random.next(in: 15...60), wander: 0.003, count: sound.samples.count, random: &random)
            sound.addHarmonics(
                of: neighbour,
                levels: random.nextSeries(12, decline: 2, scatter: 4).scaled(by: random.nextLevel(within: 6)))
        }
        let clanks = (0..<random.nextIndex(below: 3)).map { _ in
            (index: random.nextIndex(below: sound.samples.count), strength: random.nextLevel(within: 4))
        }
        let metal = (0..<3).map { _ in
            Resonance(frequencyHz: random.next(in: 500...5_000), bandwidthHz: random.next(in: 20...80))
        }
        sound.addImpacts(clanks, ringing: metal, level: 3)
        sound.scale(by: Float(1 / sound.power.squareRoot()))
        return sound
    }

    private static func pink(_ white: [Float]) -> [Float] {
        var (slow, middle, fast): (Float, Float, Float) = (0, 0, 0)
        return white.map { sample in
            slow = 0.997_65 * slow + 0.099_046 * sample
            middle = 0.963_00 * middle + 0.296_516_4 * sample
            fast = 0.570_00 * fast + 1.052_691_3 * sample
            return 0.3 * (slow + middle + fast + 0.184_8 * sample)
        }
    }
}
