internal import Networks
internal import Plant

/// What a network's model knows of one machine beside its class: normal clips, and how they usually measure.
package struct MachineReference: Sendable, Equatable {
    /// A measure that is compared with others by its standard scale; the raw value is the word in tensor names.
    package enum Measure: String, Sendable, CaseIterable {
        case logOdds = "log-odds"
        case neighbours = "knn"
        case density
    }

    /// Of training clips.
    package var bank: NeighbourBank?
    /// Of training clips; without neighbours.
    package var density: MachineDensity?
    /// Of normal clips that neither the network nor bank and density were made from.
    package var scales: [Measure: StandardScale]
    /// What those same normal clips score by each rule: the thresholds are chosen from them.
    package var heldBackScores: [ScoreRule: [Double]] = [:]

    package init(bank: NeighbourBank? = nil, density: MachineDensity? = nil, scales: [Measure: StandardScale] = [:]) {
        self.bank = bank
        self.density = density
        self.scales = scales
    }

    /// Nil where the reference lacks what the rule compares with.
    package func score(_ rule: ScoreRule, of measurement: Measurement) -> Double? {
        switch rule {
        case .logOdds: return measurement.logOdds
        case .crossEntropy: return measurement.crossEntropy
        case .cosine: return measurement.centreDistance
        case .neighbours: return value(.neighbours, of: measurement)
        case .hybrid:
            guard let odds = standardised(.logOdds, of: measurement),
                let distance = standardised(.density, of: measurement)
            else { return nil }
            return odds + distance
        }
    }

    /// Whether clips can be scored by the rule.
    func supports(_ rule: ScoreRule) -> Bool {
        switch rule {
        case .logOdds, .crossEntropy, .cosine: true
        case .neighbours: bank != nil
        case .hybrid: density != nil && scales[.logOdds] != nil && scales[.density] != nil
        }
    }

    /// Nil where the reference lacks what the measure compares with.
    package func value(_ measure: Measure, of measurement: Measurement) -> Double? {
        switch measure {
        case .logOdds: measurement.logOdds
        case .neighbours: bank?.measure(measurement.embedding).score
        case .density: density?.distances(of: measurement.timeStatistics).mahalanobis
        }
    }

    /// The measure in deviations above the mean of held-back normal clips; nil where its scale is unknown.
    package func standardised(_ measure: Measure, of measurement: Measurement) -> Double? {
        guard let scale = scales[measure], let value = value(measure, of: measurement) else { return nil }
        return scale.standardised(value)
    }
}

// MARK: In a model file

extension MachineReference {
    /// `TYPE/ID.bank` (clips, embeddingSize), the tensors of the density, for each scale `.standard.MEASURE` (2), and for
    /// each rule `.heldBack.RULE` (clips).
    func tensors(of machine: MachineName) -> [Safetensors.Tensor] {
        var tensors: [Safetensors.Tensor] = []
        if let bank {
            tensors.append(
                Safetensors.Tensor(
                    name: "\(machine).bank", shape: [bank.embeddings.count / bank.size, bank.size],
                    values: bank.embeddings))
        }
        if let density { tensors += density.tensors(of: machine) }
        for measure in Measure.allCases {
            guard let scale = scales[measure] else { continue }
            tensors.append(
                Safetensors.Tensor(
                    name: Self.scaleName(machine, measure), shape: [2], doubles: [scale.mean, scale.deviation]))
        }
        for rule in ScoreRule.allCases {
            guard let scores = heldBackScores[rule] else { continue }
            tensors.append(
                Safetensors.Tensor(name: Self.scoresName(machine, rule), shape: [scores.count], doubles: scores))
        }
        return tensors
    }

    /// Nil where the file says nothing of the machine. Throws `.damagedFile`.
    init?(of machine: MachineName, embeddingSize: Int, melBands: Int, in table: TensorTable) throws(ModelError) {
        self.init()
        if table.contains("\(machine).bank") {
            let embeddings = try table.values("\(machine).bank", [nil, embeddingSize])
            guard !embeddings.isEmpty else {
                throw ModelError(.damagedFile, "the neighbour bank of \(machine) is empty; export the model anew")
            }
            bank = NeighbourBank(embeddings: embeddings, size: embeddingSize)
        }
        if MachineDensity.tensorNames.contains(where: { table.contains("\(machine).\($0)") }) {
            density = try MachineDensity(of: machine, dimension: 2 * melBands, in: table)
        }
        for measure in Measure.allCases {
            let name = Self.scaleName(machine, measure)
            guard table.contains(name) else { continue }
            let values = try table.tensor(name, [2]).doubles
            guard values[1] > 0 else {
                throw ModelError(.damagedFile, "the tensor \(name) holds a deviation that is not positive")
            }
            scales[measure] = StandardScale(mean: values[0], deviation: values[1])
        }
        for rule in ScoreRule.allCases {
            let name = Self.scoresName(machine, rule)
            if table.contains(name) { heldBackScores[rule] = try table.tensor(name, [nil]).doubles }
        }
        if bank == nil, density == nil, scales.isEmpty, heldBackScores.isEmpty { return nil }
    }

    private static func scoresName(_ machine: MachineName, _ rule: ScoreRule) -> String {
        "\(machine).heldBack.\(rule.rawValue)"
    }

    private static func scaleName(_ machine: MachineName, _ measure: Measure) -> String {
        "\(machine).standard.\(measure.rawValue)"
    }
}
