package import Networks
internal import Training

extension TrainingRecipe {
    /// What a specification asks of a network's training; what it leaves open takes the defaults.
    ///
    /// - Parameter hasAudio: of a dataset of log-mels no network can hear the wave.
    init(_ specification: RunSpecification, hasAudio: Bool) throws(RunSpecificationError) {
        let architecture = Architecture(specification, hasAudio: hasAudio)
        guard hasAudio || !architecture.usesWave else {
            throw RunSpecificationError(
                "a dataset of log-mels has no wave for tgram or tfgram; train with --channels logmel")
        }
        switch specification.recipe {
        case .published: self = .published(architecture)
        case nil: self.init(architecture: architecture, length: .epochs(10))
        }
        if let steps = specification.steps {
            length = .steps(steps)
        } else if let epochs = specification.epochs {
            length = .epochs(epochs)
        }
        batch = specification.batch ?? batch
        shard = min(specification.shard ?? shard, batch)
        seed = specification.seed ?? seed
        learningRate = specification.learningRate ?? learningRate
        isBalanced = specification.balanced ?? isBalanced
        average = specification.ema ?? average
        average.meanFrom = specification.swa
        if specification.teacher == true { teacher = Teacher(specification) }
        if specification.memoryPool == true { memory = Self.remembered }
        cropSeconds = specification.crop
        validationInterval = specification.validationInterval
        falseAlarmRate = specification.falseAlarmRate ?? falseAlarmRate
        rule = specification.score ?? rule
        replicas = specification.mode == .local ? ReplicaRecipe(specification) : nil
    }

    /// Embeddings of a class that a memory holds.
    private static let remembered = 16
}

extension TrainingRecipe.Teacher {
    fileprivate init(_ specification: RunSpecification) {
        self.init()
        weight = specification.teacherWeight ?? weight
    }
}

extension Architecture {
    /// The network that a specification asks for, before it is known how long its clips are.
    package init(_ specification: RunSpecification, hasAudio: Bool) {
        let chosen = specification.channels?.channels ?? (hasAudio ? [.logMel, .tgram] : [.logMel])
        let channels = specification.attention == true ? Set(chosen).union([.attention]) : Set(chosen)
        self = Architecture(channels: Channel.allCases.filter(channels.contains))
            .widened(by: specification.width ?? 1)
        subCentres = specification.subCentres ?? subCentres
    }
}

extension ReplicaRecipe {
    fileprivate init(_ specification: RunSpecification) {
        self.init()
        replicas = specification.replicas ?? replicas
        roundSteps = specification.roundSteps ?? roundSteps
        switch specification.averaging {
        case .mean: averaging = .mean
        case .fedavg: averaging = .fedAvg
        case .nesterov, nil: break
        }
        isCompressed = specification.exchange != .float32
        warmUpSteps = specification.warmUpSteps
        finishSteps = specification.finishSteps
        fixedNormShare = specification.fixedNorms ?? fixedNormShare
    }
}
