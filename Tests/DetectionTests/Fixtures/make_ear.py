"""Makes ear.safetensors: what the numpy reference of the ear fits and scores, on small made-up machines.

python3 -m venv .venv && .venv/bin/pip install numpy scipy safetensors
.venv/bin/python make_ear.py FOLDER_OF_ear_np.py
"""

import sys

import numpy as np
from safetensors.numpy import save_file
from scipy import stats

sys.path.append(sys.argv[1])
import ear_np

BANDS = 7
random = np.random.default_rng(15)
tensors = {}

# A log-mel, with a band that never moves, and what is heard of it.
log_mel = random.normal(-40, 6, (BANDS, 31)).astype(np.float32)
log_mel[2] = -80
tensors["hear.logMel"] = log_mel
tensors["hear.spectra"] = ear_np.hear(log_mel.astype(float))


def machines(counts, likeness):
    """{name: normals}, clips x 3 x bands; the machines of a type share a mixing as far as `likeness` says."""
    shared = random.normal(0, 1, (3, BANDS, BANDS))
    made = {}
    for number, count in enumerate(counts):
        mixing = likeness * shared + (1 - likeness) * random.normal(0, 1, shared.shape)
        level = random.normal([[-45], [-35], [2]], 3, (3, BANDS))
        made[f"id_{number:02}"] = level + np.einsum("bij,nbj->nbi", mixing, random.normal(0, 0.3, (count, 3, BANDS)))
    return made


def contrary(plant):
    """The plant with a machine whose peers mislead: its bands hang together the other way round."""
    scatter = random.normal(0, 0.3, (80, 3, 1)) * np.where(np.arange(BANDS) % 2, 1, -1)
    plant["id_09"] = -40 + scatter + random.normal(0, 0.02, (80, 3, BANDS))
    return plant


silent = machines([12, 20], 1.0)
for normals in silent.values():
    normals[:, :, 3] = -100
twice = machines([24], 1.0)
twice["id_00"][6:15] = twice["id_00"][5]

plants = {
    "many": {"fan": machines([40, 23, 8], 1.0), "pump": machines([5, 4, 3, 2], 0.7), "valve": machines([11], 0.5)},
    "contrary": {"fan": contrary(machines([30, 30], 1.0))},
    "lone": {"fan": machines([21], 1.0)},
    "fewest": {"fan": machines([3], 1.0)},
    "stranger": {"fan": machines([6], 1.0), "pump": machines([30, 10], 1.0)},
    "silent": {"fan": silent},
    "twice": {"fan": twice},
    "single": {"fan": machines([15, 9], 1.0), "pump": machines([5], 1.0)},
}
for plant, types in plants.items():
    for kind, normals in types.items():
        fitted, deviation = ear_np.fit(normals, [others for other, others in types.items() if other != kind])
        for name, machine in fitted.items():
            key = f"{plant}.{kind}.{name}"
            test = normals[name][0] + random.normal(0, 1, (4, 3, BANDS))
            tensors[f"{key}.normals"] = normals[name]
            tensors[f"{key}.test"] = test
            tensors[f"{key}.scores"] = machine.score(test)
            tensors[f"{key}.heldBack"] = machine.h
            tensors[f"{key}.weight"] = np.array([-1.0 if np.isinf(machine.w) else machine.w])
            tensors[f"{key}.thresholds"] = np.array([machine.threshold(rate, deviation) for rate in (0.05, 0.01, 0.6)])
            print(key, "w", machine.w)

rates = [0.5, 0.4, 0.1, 0.05, 0.01, 1e-3, 1e-6, 0.9]
tensors["student"] = np.array([(n, a, stats.t.ppf(1 - a, n)) for n in (1, 2, 3.5, 14, 129, 1000) for a in rates])

save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, "ear.safetensors")
