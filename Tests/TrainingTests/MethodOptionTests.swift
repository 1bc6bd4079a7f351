import Detection
import Networks
import Plant
import Spectra
import Tensors
import Testing
import Training
import Wire

/// What a recipe can ask for beyond the plain training: each changes the weights, and none depends on who computes.
@Suite struct MethodOptionTests {
    enum Option: String, CaseIterable {
        case attention, width, subCentres, publishedAverage, constantAverage, stochasticAverage, teacher, memory, crop
        case teacherAndMemoryOfCrops, published

        func apply(to recipe: inout TrainingRecipe) {
            switch self {
            case .attention: recipe.architecture.channels = [.logMel, .attention]
            case .width: recipe.architecture = recipe.architecture.widened(by: 2)
            case .subCentres: recipe.architecture.subCentres = 3
            case .publishedAverage: recipe.average = MovingAverage(rule: .published)
            case .constantAverage: recipe.average = MovingAverage(decay: 0.5, rule: .constant)
            case .stochasticAverage: recipe.average.meanFrom = 3
            case .teacher: recipe.teacher = .init()
            case .memory: recipe.memory = 2
            case .crop: recipe.cropSeconds = 0.35
            case .teacherAndMemoryOfCrops: for option in [Self.teacher, .memory, .crop] { option.apply(to: &recipe) }
            case .published:
                let own = recipe
                recipe = .published(own.architecture)
                (recipe.length, recipe.batch, recipe.shard) = (.epochs(2), own.batch, own.shard)
            }
        }
    }

    private let plant: NetworkPlant

    init() throws { plant = try NetworkPlant(trainingClips: 16) }

    private static func recipe(_ option: Option?) -> TrainingRecipe {
        var recipe = NetworkPlant.recipe(steps: 6, batch: 8, shard: 2)
        option?.apply(to: &recipe)
        return recipe
    }

    @Test(arguments: Option.allCases) func theNumberOfWorkersDoesNotReachTheWeights(option: Option) throws {
        let recipe = Self.recipe(option)
        let alone = Crew(plant) { _ in 1 }
        let expected = try alone.model(of: plant.training(recipe))
        for size in [2, 5] {
            let crew = Crew(plant, seed: UInt64(size), size: { _ in size })
            #expect(try crew.model(of: plant.training(recipe)).file == expected.file)
            #expect(crew.steps.map(\.after) == alone.steps.map(\.after))
        }
        let plain = try Crew(plant) { _ in 1 }.model(of: plant.training(Self.recipe(nil)))
        #expect(plain.weightsHash != expected.weightsHash)
    }

    /// From a checkpoint in the middle, with and without a journal of what followed it.
    @Test(arguments: Option.allCases, [true, false])
    func aResumedTrainingEqualsAnUninterruptedOne(option: Option, hasJournal: Bool) throws {
        let recipe = Self.recipe(option)
        let whole = Crew(plant) { _ in 2 }
        let expected = try whole.model(of: plant.training(recipe))
        var begun = plant.training(recipe)
        try Crew(plant) { _ in 1 }.work(on: &begun) { $0.completedSteps == 3 && $0.checkpoint != nil }
        var run = plant.training(recipe)
        let steps = whole.steps.filter { (3...5).contains($0.number) }.map { step in
            CommittedStep(
                number: step.number, after: step.after, isSkipped: false,
                change: hasJournal ? step.change?.bytes : nil, validationLoss: whole.losses[step.number])
        }
        try run.restore(try #require(begun.checkpoint), steps: steps)
        // What is remembered of a batch is no part of the journal: its steps are computed again.
        #expect(run.completedSteps == (hasJournal && recipe.memory == nil ? 5 : 3))
        #expect(try Crew(plant, seed: 7) { _ in 3 }.model(of: run).file == expected.file)
    }

    @Test(arguments: [Option.attention, .subCentres, .crop, .stochasticAverage])
    func replicasTakeThemToo(option: Option) throws {
        var recipe = Self.recipe(option)
        var replicas = ReplicaRecipe()
        (replicas.replicas, replicas.roundSteps, replicas.warmUpSteps, replicas.finishSteps) = (2, 2, 1, 1)
        recipe.replicas = replicas
        let models = try [1, 3].map { size in
            try Crew(plant, seed: UInt64(size), size: { _ in size }).model(of: plant.training(recipe)).file
        }
        #expect(models[0] == models[1])
    }

    // MARK: Crops

    private func logMel(_ clip: ContentHash) throws -> LogMel {
        try NumPyArray.read(plant.plant.bytes(clip), name: "clip")
    }

    private func forwardShards(_ recipe: TrainingRecipe) throws -> [ShardRequest] {
        var run = plant.training(recipe)
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 1 }
        return run.outstanding
    }

    /// Of 20 frames 11 are heard: those that the same network would hear of a clip that has no others.
    @Test func aCropIsPartOfItsClip() throws {
        var recipe = Self.recipe(.crop)
        recipe.mixes = false
        var run = plant.training(recipe)
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 1 }
        let weights = try #require(run.provisions.first)
        let shards = try run.outstanding.map { try ForwardShard(decoding: $0.specification) }
        let starts = shards.flatMap(\.clips).map(\.start)
        #expect(Set(starts).count > 2 && starts.allSatisfy((0...9).contains))
        #expect(shards[0].task.clipExtent == .init(samples: 0, frames: 20))

        var cut = shards[0]
        cut.task.clipExtent = nil
        var content: [ContentHash: [UInt8]] = [:]
        cut.clips = try cut.clips.map { mixed in
            let bytes = NumPyArray.bytes(of: try logMel(mixed.clip.sha256).cropped(from: mixed.start, frames: 11))
            var clip = mixed.clip
            clip.sha256 = ContentHash(of: bytes)
            content[clip.sha256] = bytes
            return ForwardShard.Clip(clip)
        }
        func features(_ shard: ForwardShard) throws -> [Float] {
            let output = try ShardWorker().output(kind: ForwardShard.kind, specification: shard.encoded()) { hash in
                hash == weights.hash ? weights.bytes() : try content[hash] ?? plant.plant.bytes(hash)
            }
            return try ForwardShard.Output(decoding: output).features
        }
        #expect(try features(shards[0]) == features(cut))

        var beyond = shards[0]
        beyond.clips[0].start = 10
        #expect(throws: WireError.self) { try features(beyond) }
    }

    @Test func aModelOfCropsHearsTheMeanOfThem() throws {
        let trained = try Crew(plant) { _ in 1 }.model(of: plant.training(Self.recipe(.crop)))
        let file = try ModelFile(decoding: trained.file, name: "the model")
        #expect(file.settings["windows"] == "mean" && file.settings["recipe.cropSeconds"] == "0.35")
        let model = try NetworkModel(file)
        let machine = model.machines[0]
        let clip = try #require(plant.plant.clips.first { $0.machine == machine && $0.split == .test })
        let whole = try logMel(clip.sha256)
        let listener = try model.makeListener()
        func logOdds(_ logMel: LogMel) throws -> Double {
            try #require(try listener.score(.logMel(logMel, plant.parameters), machine: machine).logOdds)
        }
        let parts = try [0, 5, 9].map { try logOdds(whole.cropped(from: $0, frames: 11)) }
        #expect(abs(try logOdds(whole) - parts.reduce(0, +) / 3) < 1e-6)
        #expect(Set(parts).count == 3)
    }

    // MARK: Teacher and memory

    @Test func theTeacherHearsWhatTheStudentHears() throws {
        for option in [Option.teacher, .memory] {
            let requests = try forwardShards(Self.recipe(option))
            #expect(try requests.allSatisfy { try ForwardShard(decoding: $0.specification).teacher != nil })
        }
        let plain = try forwardShards(Self.recipe(nil))
        #expect(try plain.allSatisfy { try ForwardShard(decoding: $0.specification).teacher == nil })
    }

    /// Without what a worker was asked for, or with another number of it, an output is refused.
    @Test func wrongTeachingIsRefused() throws {
        var run = plant.training(Self.recipe(.teacher))
        try Crew(plant) { _ in 1 }.work(on: &run) { $0.outstanding.first?.place.phase == 1 }
        let request = try #require(run.outstanding.first)
        let content = Dictionary(uniqueKeysWithValues: run.provisions.map { ($0.hash, $0.bytes()) })
        #expect(content.count == 1 || content.count == 2)
        let sound = try ForwardShard.Output(
            decoding: ShardWorker().output(kind: request.kind, specification: request.specification) { hash in
                try content[hash] ?? plant.plant.bytes(hash)
            })
        var (none, less, nonsense) = (sound, sound, sound)
        none.teacher = .init()
        less.teacher.cosines.removeLast()
        nonsense.teacher.embeddings[0] = .nan
        for output in [none, less, nonsense] {
            #expect(throws: WireError.self) { try run.fold(output.encoded(), of: request.place) }
        }
        #expect(try run.fold(sound.encoded(), of: request.place) == .counted)
    }

    // MARK: Pace

    /// 36 clips in batches of 8, two passes over them: nine steps, the rate of the second pass halfway along the cosine.
    @Test func thePublishedPaceGoesByEpochs() {
        var recipe = TrainingRecipe.published(Architecture())
        #expect(recipe.steps(clips: 34_500) == 161_719)
        (recipe.length, recipe.batch) = (.epochs(2), 8)
        #expect(recipe.steps(clips: 36) == 9)
        let rates = (1...9).map { recipe.learningRate(step: $0, of: 9, clips: 36) }
        #expect(rates.prefix(5).allSatisfy { $0 == 1e-4 })
        #expect(rates.suffix(4).allSatisfy { abs($0 - 5.5e-5) < 1e-12 })
    }
}
