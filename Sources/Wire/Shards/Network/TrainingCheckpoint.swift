internal import SwiftProtobuf

/// The full state of a network's training after a step, as the database keeps it. Bytes are flat buffers of float32.
package struct TrainingCheckpoint: Hashable, Sendable {
    /// The averaged weights at their best validation.
    package struct Best: Hashable, Sendable {
        package var average: [UInt8]
        package var loss: Double
        package var step: Int

        package init(average: [UInt8], loss: Double, step: Int) {
            self.average = average
            self.loss = loss
            self.step = step
        }
    }

    /// How one round led to the next.
    package enum Link: Hashable, Sendable {
        case weights([UInt8])
        case change(WeightChange)
    }

    /// What a training whose replicas are averaged keeps beside that.
    package struct Rounds: Hashable, Sendable {
        /// Of the average.
        package var momentum: [UInt8]
        /// What the last change in eight bits left over.
        package var remainder: [UInt8]
        /// The weights of the last round that began afresh, and how they became the present ones; empty where they are.
        package var spanStart: [UInt8]
        package var links: [Link]

        package init(momentum: [UInt8], remainder: [UInt8], spanStart: [UInt8], links: [Link]) {
            self.momentum = momentum
            self.remainder = remainder
            self.spanStart = spanStart
            self.links = links
        }
    }

    /// What was found of all clips, in fixed order.
    package var survey: SurveyShard.Output
    package var step: Int
    /// Steps that the optimiser's moments have seen.
    package var momentSteps: Int
    package var weights: [UInt8]
    package var first: [UInt8]
    package var second: [UInt8]
    package var average: [UInt8]
    package var best: Best?
    /// The last step whose averaged weights were validated.
    package var validatedStep: Int
    /// Of the last gradients.
    package var norms: [Double]
    /// Steps in a row that were skipped.
    package var skips: Int
    /// Nil before the first round.
    package var rounds: Rounds?
    /// Embeddings of earlier batches, an entry per class; empty where none are remembered.
    package var memory: [[UInt8]]

    package init(
        survey: SurveyShard.Output, step: Int, momentSteps: Int, weights: [UInt8], first: [UInt8], second: [UInt8],
        average: [UInt8], best: Best?, validatedStep: Int, norms: [Double], skips: Int, rounds: Rounds? = nil,
        memory: [[UInt8]] = []
    ) {
        self.survey = survey
        self.step = step
        self.momentSteps = momentSteps
        self.weights = weights
        self.first = first
        self.second = second
        self.average = average
        self.best = best
        self.validatedStep = validatedStep
        self.norms = norms
        self.skips = skips
        self.rounds = rounds
        self.memory = memory
    }
}

extension TrainingCheckpoint {
    package func encoded() -> [UInt8] {
        encode(
            WireTrainingCheckpoint.with {
                $0.survey = .init(wire: survey.encoded())
                $0.step = UInt32(clamping: step)
                $0.momentSteps = UInt32(clamping: momentSteps)
                $0.weights = .init(wire: weights)
                $0.first = .init(wire: first)
                $0.second = .init(wire: second)
                $0.average = .init(wire: average)
                if let best {
                    $0.best = .init(wire: best.average)
                    $0.bestLoss = best.loss
                    $0.bestStep = UInt32(clamping: best.step)
                }
                $0.validatedStep = UInt32(clamping: validatedStep)
                $0.norms = norms
                $0.skips = UInt32(clamping: skips)
                if let rounds {
                    $0.momentum = .init(wire: rounds.momentum)
                    $0.remainder = .init(wire: rounds.remainder)
                    $0.spanStart = .init(wire: rounds.spanStart)
                    $0.links = rounds.links.map(\.message)
                }
                $0.memory = memory.map { .init(wire: $0) }
            })
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let message = try decode(WireTrainingCheckpoint.self, from: bytes)
        self.init(
            survey: try SurveyShard.Output(decoding: [UInt8](message.survey)), step: Int(message.step),
            momentSteps: Int(message.momentSteps), weights: [UInt8](message.weights), first: [UInt8](message.first),
            second: [UInt8](message.second), average: [UInt8](message.average),
            best: message.hasBest
                ? Best(average: [UInt8](message.best), loss: message.bestLoss, step: Int(message.bestStep)) : nil,
            validatedStep: Int(message.validatedStep), norms: message.norms, skips: Int(message.skips),
            rounds: message.momentum.isEmpty
                ? nil
                : Rounds(
                    momentum: [UInt8](message.momentum), remainder: [UInt8](message.remainder),
                    spanStart: [UInt8](message.spanStart), links: try message.links.map(Link.init)),
            memory: message.memory.map { [UInt8]($0) })
    }
}

extension TrainingCheckpoint.Link {
    fileprivate init(_ message: WireRoundLink) throws(WireError) {
        switch message.kind {
        case .weights(let weights): self = .weights([UInt8](weights))
        case .change(let change): self = .change(try WeightChange(change))
        case nil: throw WireError(.badBody, "a link that leads nowhere")
        }
    }

    fileprivate var message: WireRoundLink {
        .with {
            switch self {
            case .weights(let weights): $0.weights = .init(wire: weights)
            case .change(let change): $0.change = change.message
            }
        }
    }
}
