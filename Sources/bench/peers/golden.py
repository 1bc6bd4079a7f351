"""What the golden training step is in exact arithmetic, and how far from it float32 may be.

    python Sources/bench/peers/golden.py ../shared/reference /tmp/truth

The golden vectors were recorded from PyTorch in float32. A gradient of this network jumps wherever an activation lies so
near zero that rounding decides its side, and a batch of four clips makes much of every jump; so the record is itself up to
a hundredth from the truth. This writes, per network, FOLDER/NETWORK/truth.safetensors:

    loss [3], embedding, logits, grad.*, after.* of the running statistics: the step in float64
    record.*, torch.*                     how far the record and PyTorch's float32 runs (one thread; without oneDNN; channels
                                          last: the farthest of them) are from it: for a tensor the largest difference
                                          over the largest value, for the three losses each its own
    moved.*                               how far the float64 step moves when every weight moves by up to half a float's last
                                          place (the farthest of eight draws)

`auscult-bench golden --truth FOLDER` holds our step to 1e-3 beyond what float32 itself may be off.
"""

import os
import sys

import torch
from safetensors.torch import load_file, save_file

from oscl import Network, Sizes, contrastive, F

channels = {"logmel": ("logmel",), "full": ("logmel", "tgram", "tfgram")}


def step(variant, weights, clips, recorded, dtype, moved=None, channels_last=False):
    network = Network(Sizes(channels=channels[variant]))
    network.load_state_dict(weights, strict=False)
    network = network.to(dtype).train()
    if moved is not None:
        for value in network.parameters():
            value.data *= 1 + (torch.rand_like(value) - 0.5) * 2**-23
    if channels_last:
        network.mobilefacenet.to(memory_format=torch.channels_last)
    label, partner, lam = recorded["label"].long(), recorded["partner"].long(), recorded["lam"]
    # The clips are mixed in float32, as they are everywhere.
    wave, mel = ((lam * x + (1 - lam) * x[partner]).to(dtype) for x in (clips["wave"], clips["mel"]))
    z = network(wave, mel)
    logits = network.arcface(z, label)
    lam = lam.to(dtype)
    mixed = (lam * F.cross_entropy(logits, label) + (1 - lam) * F.cross_entropy(logits, label[partner])).sum()
    other = contrastive(z, label)
    (mixed + other).backward()
    result = {"loss": torch.stack([mixed + other, mixed, other]), "embedding": z, "logits": logits}
    result |= {"grad." + name: value.grad for name, value in network.named_parameters() if value.grad is not None}
    # The published averaging shrinks the live network, its running statistics included.
    result |= {"after." + name: value * (1 - 2e-6) for name, value in network.named_buffers() if "running" in name}
    return {name: value.detach().double() for name, value in result.items()}


def distances(values, truth):
    result = {}
    for name, expected in truth.items():
        difference = (values[name].double().reshape(expected.shape) - expected).abs()
        result[name] = difference / expected.abs() if name == "loss" else difference.max() / expected.abs().max()
    return result


def farthest(runs, truth):
    each = [distances(run, truth) for run in runs]
    return {name: torch.stack([one[name] for one in each]).amax(0) for name in truth}


def main(reference, target):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    for variant in channels:
        weights, clips, recorded = (
            load_file(f"{reference}/{variant}/{name}.safetensors") for name in ("weights", "eval", "step"))
        arguments = (variant, weights, clips, recorded)
        truth = step(*arguments, torch.float64)
        runs = [step(*arguments, torch.float32), step(*arguments, torch.float32, channels_last=True)]
        with torch.backends.mkldnn.flags(enabled=False):
            runs.append(step(*arguments, torch.float32))
        moved = [step(*arguments, torch.float64, moved=draw) for draw in range(8)]
        result = {name: value.float() for name, value in truth.items()}
        for prefix, measured in (("record", [recorded]), ("torch", runs), ("moved", moved)):
            values = farthest(measured, truth)
            result |= {f"{prefix}.{name}": value.float().reshape(-1) for name, value in values.items()}
            gradients = [value for name, value in values.items() if name.startswith("grad.") and value < 1]
            print(variant, prefix, "losses", [f"{x:.1e}" for x in values["loss"].tolist()], "gradients beyond 1e-3:",
                  sum(bool(x > 1e-3) for x in gradients), "of", len(gradients), f"worst {max(gradients):.1e}", flush=True)
        os.makedirs(f"{target}/{variant}", exist_ok=True)
        save_file({name: value.contiguous() for name, value in result.items()}, f"{target}/{variant}/truth.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:])
