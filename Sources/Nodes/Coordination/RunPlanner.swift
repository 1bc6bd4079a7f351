internal import Datasets
internal import Detection
package import Ledger
internal import Networks
internal import Plant
internal import Spectra
package import Training

/// Turns a run's row into the shards that compute it: reads the dataset, the model, and the specification.
package struct RunPlanner {
    package typealias Ledgers = DatasetLedger & ModelLedger

    private let ledger: any Ledgers

    package init(ledger: any Ledgers) { self.ledger = ledger }

    package struct Plan {
        package var work: any ShardedRun
        /// Clips the run works through.
        package var clipCount: Int

        package init(work: any ShardedRun, clipCount: Int) { (self.work, self.clipCount) = (work, clipCount) }
    }

    /// Throws `RunFailure` where the run can never succeed, and `LedgerError` where the database cannot be asked.
    package func plan(_ record: RunRecord) throws -> Plan {
        let request = record.request
        let specification: RunSpecification
        do throws(RunSpecificationError) {
            specification = try RunSpecification(json: request.specification)
        } catch {
            throw RunFailure(error.description)
        }
        guard let dataset = try ledger.dataset(request.dataset) else {
            throw RunFailure("there is no dataset \(request.dataset); 'auscult dataset list' shows those there are")
        }
        switch request.kind {
        case .train: return try training(request, dataset, specification)
        case .evaluate: return try evaluation(request, dataset, specification)
        }
    }

    private func training(
        _ request: RunRequest, _ dataset: DatasetRecord, _ specification: RunSpecification
    ) throws -> Plan {
        let feature: LogMelParameters
        do throws(SpectraError) {
            feature = try dataset.feature.map { record throws(SpectraError) in try LogMelParameters(record) } ?? .method
        } catch {
            throw RunFailure("the feature parameters of dataset \(dataset.name) cannot be used: \(error)")
        }
        let clips = try ledger.clips(of: dataset.name, split: .train)
        let work: any ShardedRun
        if let recipe = EmbeddingTraining.Recipe(kind: request.model) {
            work = EmbeddingTraining(
                recipe, clips: clips, feature: feature, shardSize: specification.shard ?? 16,
                falseAlarmRate: specification.falseAlarmRate ?? 0.05)
        } else if request.model == OSSCLTraining.kind {
            work = OSSCLTraining(
                clips: clips, feature: feature, recipe: try recipe(specification, hasAudio: dataset.feature == nil))
        } else {
            let known = ModelFile.kinds.map { $0.kind }.joined(separator: ", ")
            throw RunFailure("this coordinator cannot train models of the kind \"\(request.model)\"; it knows \(known)")
        }
        return Plan(work: work, clipCount: clips.count)
    }

    /// What a specification asks of a network's training; what it leaves open takes the defaults.
    ///
    /// - Parameter hasAudio: of a dataset of log-mels no network can hear the wave.
    private func recipe(_ specification: RunSpecification, hasAudio: Bool) throws(RunFailure) -> TrainingRecipe {
        let channels: [Architecture.Channel]
        do throws(RunSpecificationError) {
            channels = try specification.networkChannels() ?? (hasAudio ? [.logMel, .tgram] : [.logMel])
        } catch {
            throw RunFailure(error.description)
        }
        guard hasAudio || channels == [.logMel] else {
            throw RunFailure("a dataset of log-mels has no wave for tgram or tfgram; train with --channels logmel")
        }
        let length: TrainingRecipe.Length =
            specification.steps.map { .steps($0) } ?? .epochs(specification.epochs ?? 10)
        var recipe = TrainingRecipe(architecture: Architecture(channels: channels), length: length)
        recipe.batch = specification.batch ?? recipe.batch
        recipe.shard = min(specification.shard ?? recipe.shard, recipe.batch)
        recipe.seed = specification.seed ?? recipe.seed
        recipe.learningRate = specification.learningRate ?? recipe.learningRate
        recipe.isBalanced = specification.balanced ?? recipe.isBalanced
        recipe.validationInterval = specification.validationInterval
        recipe.falseAlarmRate = specification.falseAlarmRate ?? recipe.falseAlarmRate
        recipe.rule = specification.score.flatMap(ScoreRule.init(rawValue:)) ?? recipe.rule
        recipe.replicas = specification.mode == "local" ? replicas(specification) : nil
        return recipe
    }

    private func replicas(_ specification: RunSpecification) -> ReplicaRecipe {
        var replicas = ReplicaRecipe()
        replicas.replicas = specification.replicas ?? replicas.replicas
        replicas.roundSteps = specification.roundSteps ?? replicas.roundSteps
        switch specification.averaging {
        case "mean": replicas.averaging = .mean
        case "fedavg": replicas.averaging = .fedAvg
        default: break
        }
        replicas.isCompressed = specification.exchange != "float32"
        replicas.warmUpSteps = specification.warmUpSteps
        replicas.finishSteps = specification.finishSteps
        replicas.fixedNormShare = specification.fixedNorms ?? replicas.fixedNormShare
        return replicas
    }

    private func evaluation(
        _ request: RunRequest, _ dataset: DatasetRecord, _ specification: RunSpecification
    ) throws -> Plan {
        guard let model = try ledger.model(request.model) else {
            throw RunFailure("there is no model version \(request.model); 'auscult model list' shows those there are")
        }
        let clips = try ledger.clips(of: dataset.name, split: .test)
        return Plan(
            work: Evaluation(
                clips: clips, model: model.fileHash, feature: dataset.feature, shardSize: specification.shard ?? 16,
                seed: specification.seed ?? 1),
            clipCount: clips.count)
    }
}
