"""Makes detection.safetensors: metrics, densities and gamma quantiles as scikit-learn and SciPy compute them.

python3 -m venv .venv && .venv/bin/pip install numpy scipy scikit-learn safetensors
.venv/bin/python make_detection.py
"""

import numpy as np
from safetensors.numpy import save_file
from scipy import special, stats
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score

random = np.random.default_rng(7)
tensors = {}

# Scores with many ties (rounded to one decimal), with none, and with all equal.
for case, (normal, anomalous, digits) in enumerate([(40, 25, 1), (300, 200, 8), (7, 1, 0), (5, 9, 0)]):
    scores = np.concatenate([random.normal(0, 1, normal), random.normal(1, 1, anomalous)]).round(digits)
    if case == 3:
        scores[:] = 4
    labels = np.r_[np.zeros(normal), np.ones(anomalous)]
    tensors[f"metrics.{case}.normal"] = scores[:normal]
    tensors[f"metrics.{case}.anomalous"] = scores[normal:]
    tensors[f"metrics.{case}.expected"] = np.array(
        [roc_auc_score(labels, scores)] + [roc_auc_score(labels, scores, max_fpr=m) for m in (0.1, 0.25)]
    )

# A density of 30 clips in 12 dimensions of which some hang together, and of 9 clips in 20 dimensions.
for case, (clips, dimension) in enumerate([(30, 12), (9, 20)]):
    mixing = random.normal(0, 1, (dimension, dimension)) + 2 * np.eye(dimension)
    train = (random.normal(0, 1, (clips, dimension)) @ mixing * 5 - 40).astype(np.float32)
    test = (random.normal(0, 1.5, (6, dimension)) @ mixing * 5 - 40).astype(np.float32)
    mean, scale = train.astype(np.float64).mean(0), train.astype(np.float64).std(0)
    z_train, z_test = (train - mean) / scale, (test - mean) / scale
    estimate = LedoitWolf().fit(z_train)
    tensors[f"density.{case}.train"] = train
    tensors[f"density.{case}.test"] = test
    tensors[f"density.{case}.shrinkage"] = np.array([estimate.shrinkage_])
    tensors[f"density.{case}.mahalanobis"] = np.sqrt(estimate.mahalanobis(z_test))
    tensors[f"density.{case}.neighbour"] = np.sqrt(((z_test[:, None] - z_train[None]) ** 2).sum(-1)).min(1)

# Rows (shape, x, P(shape, x)).
grid = [(a, x) for a in (0.3, 1.0, 2.5, 40.0, 400.0) for x in (0.1 * a, 0.9 * a, a + 1.5, 2.0 * a)]
tensors["gamma.share"] = np.array([(a, x, special.gammainc(a, x)) for a, x in grid])
sample = stats.gamma.rvs(3.0, loc=10, scale=2, size=60, random_state=3)
shape = 4 / stats.skew(sample) ** 2
scale = sample.std() / np.sqrt(shape)
tensors["gamma.sample"] = sample
tensors["gamma.quantiles"] = stats.gamma.ppf(
    [0.5, 0.9, 0.99], shape, loc=sample.mean() - shape * scale, scale=scale
)

save_file(tensors, "detection.safetensors")
