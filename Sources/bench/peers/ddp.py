"""PyTorch's DistributedDataParallel over gloo on the OS-SCL network: the peer of `auscult-bench training`.

Arguments: channels, clips per step, processes, and eager, eager-channels-last, compiled or compiled-channels-last. Each
process has one thread and its equal part of the batch. A line with a number of steps is answered by a line of JSON: the
clips per second of each step.
"""

import json
import os
import subprocess
import sys
import time

channels, batch, world, mode = tuple(sys.argv[1].split(",")), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
rank = int(os.environ.get("RANK", "0"))
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import datetime  # noqa: E402
import tempfile  # noqa: E402

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from torch import nn  # noqa: E402

from oscl import Network, Sizes, noisy_mixup_losses  # noqa: E402

torch.set_num_threads(1)
torch.set_flush_denormal(True)
torch.manual_seed(0)

if rank == 0:
    meeting = os.path.join(tempfile.mkdtemp(), "meeting")
    others = [subprocess.Popen([sys.executable] + sys.argv, stdin=subprocess.DEVNULL,
                               env=dict(os.environ, RANK=str(other), MEETING=meeting)) for other in range(1, world)]
else:
    meeting = os.environ["MEETING"]
dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=world,
                        timeout=datetime.timedelta(hours=2))


class Losses(nn.Module):
    """The network with its losses, so that one call is the whole way forth."""

    def __init__(self):
        super().__init__()
        self.network = Network(Sizes(channels=channels))

    def forward(self, wave, mel, label, partner, share):
        mixed, contrastive, _, _ = noisy_mixup_losses(self.network, wave, mel, label, partner, share)
        return mixed + contrastive


count = batch // world
wave = torch.randn(count, 1, 160_000) * 0.1
mel = torch.randn(count, 1, 128, 313) * 20 - 30
label = (torch.arange(count) + rank * count) % 41
partner = torch.arange(count - 1, -1, -1)
losses = Losses().train()
if mode.endswith("channels-last"):
    losses.network.mobilefacenet.to(memory_format=torch.channels_last)
model = nn.parallel.DistributedDataParallel(losses) if world > 1 else losses
if mode.startswith("compiled"):
    model = torch.compile(model)
optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)


def step():
    optimiser.zero_grad()
    model(wave, mel, label, partner, torch.tensor(0.4)).backward()
    optimiser.step()


def work(steps):
    rates = []
    for _ in range(steps):
        dist.barrier()
        start = time.perf_counter()
        step()
        dist.barrier()
        rates.append(batch / (time.perf_counter() - start))
    return rates


def told(steps):
    """What the first process was told, in all of them."""
    message = torch.tensor([steps])
    dist.broadcast(message, 0)
    return int(message)


work(1)
if rank == 0:
    for line in sys.stdin:
        print(json.dumps({"clipsPerSecond": work(told(int(line)))}), flush=True)
    told(0)
    for other in others:
        other.wait()
else:
    while steps := told(0):
        work(steps)
