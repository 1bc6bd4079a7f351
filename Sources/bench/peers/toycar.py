"""Trains the network in PyTorch on a dataset of log-mel clips as `auscult train --model os-scl` does, and prints AUC and
pAUC per machine for each seed: the peer of the accuracy figures in the README.

    python toycar.py FOLDER [--steps 100] [--seeds 1 2 3] [--threads 1]

FOLDER holds TYPE/{train,test}/{normal,anomaly}_id_XX_*.npy. Needs torch, numpy and scikit-learn.
"""

import argparse
import copy
import json
import math
import pathlib
import re
import time

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from oscl import Network, Sizes, noisy_mixup_losses


def clips(folder, split):
    """Log-mels [clips, 1, bands, frames], machine names, and whether each is anomalous."""
    mels, machines, anomalous = [], [], []
    for path in sorted(pathlib.Path(folder).glob(f"*/{split}/*.npy")):
        found = re.match(r"(normal|anomaly)_(id_\d+)_", path.name)
        mels.append(np.load(path).astype(np.float32))
        machines.append(f"{path.parts[-3]}/{found[2]}")
        anomalous.append(found[1] == "anomaly")
    return torch.from_numpy(np.stack(mels))[:, None], machines, np.array(anomalous)


def train(mel, label, sizes, seed, steps, batch, rate):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(sizes)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    order = np.empty(0, dtype=int)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate / 10 + rate * 0.9 * (1 + math.cos(math.pi * step / steps)) / 2
        while len(order) < batch:
            order = np.concatenate([order, rng.permutation(len(label))])
        chosen, order = torch.from_numpy(order[:batch]), order[batch:]
        lam = float(rng.beta(0.5, 0.5))
        partner = torch.from_numpy(rng.permutation(batch))
        network.train()
        crossed, drawn, _, _ = noisy_mixup_losses(
            network, torch.zeros(batch, 1, 1), mel[chosen], label[chosen], partner, lam)
        optimiser.zero_grad()
        (crossed + drawn).backward()
        optimiser.step()
        kept = min(0.9999, (1 + step) / (10 + step))
        with torch.no_grad():
            for mine, live in zip(average.state_dict().values(), network.state_dict().values()):
                if mine.is_floating_point():
                    mine.lerp_(live, 1 - kept)
    return average


@torch.no_grad()
def log_odds(network, mel, label):
    scores = []
    for some, of in zip(mel.split(16), label.split(16)):
        logits = network.arcface(network(torch.zeros(len(some), 1, 1), some), of)
        own = logits.gather(1, of[:, None])
        others = logits.scatter(1, of[:, None], -torch.inf)
        scores.append(torch.logsumexp(others, 1) - own[:, 0])
    return torch.cat(scores).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    mel, machines, _ = clips(arguments.folder, "train")
    table = sorted(set(machines))
    sizes = Sizes(channels=("logmel",), frames=mel.shape[-1], classes=len(table))
    label = torch.tensor([table.index(machine) for machine in machines])
    test_mel, test_machines, anomalous = clips(arguments.folder, "test")
    test_label = torch.tensor([table.index(machine) for machine in test_machines])
    for seed in arguments.seeds:
        begun = time.time()
        network = train(mel, label, sizes, seed, arguments.steps, arguments.batch, arguments.learning_rate)
        scores = log_odds(network, test_mel, test_label)
        for number, machine in enumerate(table):
            mine = test_label.numpy() == number
            print(json.dumps({
                "seed": seed, "machine": machine, "auc": roc_auc_score(anomalous[mine], scores[mine]),
                "pauc": roc_auc_score(anomalous[mine], scores[mine], max_fpr=0.1),
                "seconds": round(time.time() - begun, 1)}), flush=True)


if __name__ == "__main__":
    main()
