"""Records layers.safetensors: what backbones of odd sizes make of their clips, and every gradient, computed by PyTorch in
double precision. Run in this folder; it needs torch and numpy. `LayerTests` holds the same list of sizes, and draws the same
weights and clips."""

import json
import math
import struct
import sys
import zlib

import numpy as np
import torch

sys.path.insert(0, "../../../Sources/bench/peers")
from oscl import Network, Sizes  # noqa: E402

wave_channels = ("logmel", "tgram", "tfgram")
small = dict(classes=3, stem=16, trunk=16, embedding=16, hidden=16, attention=16)
cases = {
    "one": (5, Sizes(("logmel",), 1, 1, 1, bottlenecks=((1, 16, 1),), **small)),
    "seven": (5, Sizes(("logmel",), 7, 9, 1, bottlenecks=((2, 16, 2),), **small)),
    "eight": (7, Sizes(("logmel", "attention"), 8, 7, 1, bottlenecks=((1, 32, 1), (1, 32, 2)), **small)),
    "nine": (3, Sizes(wave_channels, 16, 9, 256, bottlenecks=((1, 16, 2),), tgram_kernel=64, tgram_stride=32,
                      tfgram=(16, 16), tfgram_pools=(4, 11, 9), **small)),
    "long": (2, Sizes(wave_channels, 16, 313, 6552, bottlenecks=((1, 16, 1),), tgram_kernel=42, tgram_stride=21,
                      tfgram=(16, 16), tfgram_pools=(4, 320, 313), **small)),
}



def draw(count, *key):
    """Numbers in -1...1: the product's CounterRandom."""
    wrap = 2**64 - 1

    def mixed(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & wrap
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & wrap
        return z ^ (z >> 31)

    state = 0x6A09E667F3BCC909
    for part in key:
        state = mixed(state ^ mixed(part + 0x9E3779B97F4A7C15 & wrap))
    values = []
    for _ in range(count):
        state = state + 0x9E3779B97F4A7C15 & wrap
        values.append(2 * ((mixed(state) >> 11) * 2.0**-53) - 1)
    return torch.tensor(values, dtype=torch.float64)


def rounded(values, *shape):
    return values.float().double().reshape(shape)


records = {}
for seed, (case, (clips, sizes)) in enumerate(cases.items()):
    network = Network(sizes).double()
    for name, value in network.named_parameters():
        # Gains around 1, slopes around a quarter, shifts around 0; matrices so that variances stay.
        spread = 0.3 if value.ndim == 1 else 1.7 / math.sqrt(value[0].numel())
        middle = float(value.detach().flatten()[0]) if value.ndim == 1 and bool((value == value[0]).all()) else 0
        value.data = rounded(middle + spread * draw(value.numel(), seed, zlib.crc32(name.encode())), *value.shape)
    wave = rounded(0.5 * draw(clips * sizes.samples, seed, 1), clips, 1, sizes.samples)
    count = clips * sizes.mel_bands * sizes.frames
    mel = rounded(-20 + 20 * draw(count, seed, 2), clips, 1, sizes.mel_bands, sizes.frames)
    face = network.mobilefacenet
    x = face.conv2(face.blocks(face.dw_conv1(face.conv1(network.images(wave, mel)))))
    features = face.linear7.conv(x).flatten(1)
    weight = rounded(draw(features.numel(), seed, 3), *features.shape)
    (features * weight).sum().backward()
    records[f"{case}.features"] = features
    for name, value in network.named_parameters():
        if value.grad is not None:
            records[f"{case}.grad.{name}"] = value.grad

header, body = {}, b""
for name, value in records.items():
    data = value.detach().numpy().astype(np.float32).tobytes()
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]}
    body += data
text = json.dumps(header, separators=(",", ":")).encode()
with open("layers.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + body)
print(len(text) + len(body), "bytes")
