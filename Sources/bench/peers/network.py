"""The same network and the same work as `auscult-bench network`, in PyTorch at its best.

Needs torch. Start it under an allocator that keeps its pages, which PyTorch profits from most:
    LD_PRELOAD=libjemalloc.so.2 python Sources/bench/peers/network.py --channels logmel,tgram,tfgram [--batch 64]
"""

import argparse
import resource
import statistics
import time

import torch

from oscl import Network, Sizes, noisy_mixup_losses

arguments = argparse.ArgumentParser()
arguments.add_argument("--channels", default="logmel")
arguments.add_argument("--repetitions", type=int, default=15)
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--clips", type=int, default=1, help="clips per call of inference")
arguments.add_argument("--batch", type=int, help="train with that many clips per step")
options = arguments.parse_args()

torch.manual_seed(1)
torch.set_num_threads(options.threads)
torch.set_flush_denormal(True)
sizes = Sizes(channels=tuple(options.channels.split(",")))


def report(name, clips, work):
    for _ in range(3 if clips < 64 else 1):
        work()
    times = []
    for _ in range(options.repetitions):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3 / clips)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{options.channels} {name}: median {statistics.median(times):.1f} ms per clip, best {min(times):.1f}, "
          f"peak memory {peak} MiB", flush=True)


def infer():
    wave, mel = torch.randn(options.clips, 1, 160_000) * 0.1, torch.randn(options.clips, 1, 128, 313) * 20 - 30
    for layout in (torch.contiguous_format, torch.channels_last):
        network = Network(sizes).eval()
        network.mobilefacenet.to(memory_format=layout)
        with torch.no_grad():
            frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, (wave, mel))))
            name = "channels last" if layout is torch.channels_last else "contiguous"
            report(f"inference, frozen, {name}", options.clips, lambda: frozen(wave, mel))


def train():
    clips = options.batch
    wave, mel = torch.randn(clips, 1, 160_000) * 0.1, torch.randn(clips, 1, 128, 313) * 20 - 30
    label = torch.arange(clips) % 41
    for layout in (torch.contiguous_format, torch.channels_last):
        network = Network(sizes).train()
        network.mobilefacenet.to(memory_format=layout)
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)

        def step():
            optimiser.zero_grad()
            mixed, contrastive, _, _ = noisy_mixup_losses(network, wave, mel, label, label.flip(0).argsort(), 0.4)
            (mixed + contrastive).backward()
            optimiser.step()

        name = "channels last" if layout is torch.channels_last else "contiguous"
        report(f"training step of {clips} clips, {name}", clips, step)


train() if options.batch else infer()
