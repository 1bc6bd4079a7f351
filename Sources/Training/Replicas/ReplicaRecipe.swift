/// How replicas of a network are trained apart for a while and averaged: local gradient descent, or DiLoCo.
///
/// A replica is a part of the training, not a worker: any number of workers makes the same bits.
///
/// Source: McMahan et al., "Communication-efficient learning of deep networks from decentralized data", AISTATS 2017;
/// Douillard et al., "DiLoCo", arXiv 2311.08105; Zhong et al., "Making batch normalization great in federated deep
/// learning", arXiv 2303.06530 (norms that stand still towards the end).
package struct ReplicaRecipe: Sendable, Hashable {
    /// What becomes of the weights that the replicas return.
    package enum Averaging: Sendable, Hashable {
        /// Their mean is what a step of gradient descent with Nesterov's momentum aims at.
        case nesterov(rate: Float, momentum: Float)
        /// Their mean.
        case mean
        /// Each replica keeps to clips of its own, and counts by their number.
        case fedAvg
    }

    package var replicas = 4
    /// Steps of each replica from one average to the next.
    package var roundSteps = 100
    package var averaging = Averaging.nesterov(rate: 0.7, momentum: 0.9)
    /// Changes travel in eight bits per number; what they leave over is added to the next.
    package var isCompressed = true
    /// After so many rounds the weights travel in full and replicas begin afresh: nothing older is needed to repeat one.
    package var span = 4
    /// Synchronous steps before the first round, and after the last; a twentieth of all when nil.
    package var warmUpSteps: Int?
    package var finishSteps: Int?
    /// The share of the rounds, the last ones, whose batch norms stand still.
    package var fixedNormShare = 0.2

    package init() {}
}
