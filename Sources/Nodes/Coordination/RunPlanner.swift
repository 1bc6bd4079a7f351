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
        if let machine = specification.enrols, request.model == EarModel.kind {
            work = try enrolment(of: machine, clips, dataset, specification)
        } else if let recipe = EmbeddingTraining.Recipe(kind: request.model) {
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

    /// The enrolment of one machine beside those whose champions are ears that hear as it does.
    private func enrolment(
        of machine: MachineName, _ clips: [DatasetClip], _ dataset: DatasetRecord, _ specification: RunSpecification
    ) throws -> EmbeddingTraining {
        let ears = try championEars()
        let wanted = try dataset.feature.map { try LogMelParameters($0) }
        let feature = wanted ?? ears.first { $0.machines.contains(machine) }?.feature ?? ears.first?.feature ?? .method
        let plant = ears.filter { $0.feature == feature }.flatMap(\.members)
        return EmbeddingTraining(
            .enrolment(
                EarEnrolment(
                    machine, change: specification.change ?? .add,
                    plant: plant)),
            clips: clips, feature: feature, shardSize: specification.shard ?? 16,
            falseAlarmRate: specification.falseAlarmRate ?? 0.05)
    }

    /// The ears that score machines now, each with those machines alone.
    private func championEars() throws -> [EarModel] {
        let reigns = Dictionary(grouping: try ledger.champions(), by: \.modelVersion)
        return try reigns.sorted { $0.key < $1.key }.compactMap { version, champions in
            guard try ledger.model(version)?.kind == EarModel.kind, let file = try ledger.modelFile(of: version) else {
                return nil
            }
            let ear = try EarModel(ModelFile(decoding: file, name: version))
            let machines = Set(champions.map(\.machine))
            return EarModel(
                feature: ear.feature, fewestFrames: ear.fewestFrames,
                machines: ear.members.filter { machines.contains($0.name) })
        }
    }

    private func recipe(_ specification: RunSpecification, hasAudio: Bool) throws(RunFailure) -> TrainingRecipe {
        do throws(RunSpecificationError) {
            return try TrainingRecipe(specification, hasAudio: hasAudio)
        } catch {
            throw RunFailure(error.description)
        }
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
