"""The OS-SCL network by PyTorch and ONNX Runtime, a turn at a time.

Started by `auscult-bench network` with a safetensors file of weights and clips, the channels, the number of threads and the
peers that will take turns. Each line of input says what to do, who does it and with how many clips; the answer is a line of
JSON. An allocator that keeps its pages should be preloaded: PyTorch profits from it most.

Peers: eager, frozen, frozen-channels-last, compiled, compiled-channels-last, onnxruntime. Only eager and compiled ones train.
"""

import json
import os
import statistics
import sys
import tempfile
import time

path, channels, threads = sys.argv[1], tuple(sys.argv[2].split(",")), int(sys.argv[3])
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(threads)

import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from oscl import Network, Sizes, adaptive_pools_as_gathers, noisy_mixup_losses  # noqa: E402

torch.set_num_threads(threads)
torch.set_flush_denormal(True)
tensors = load_file(path)
wave, mel = tensors.pop("input.wave"), tensors.pop("input.mel")


def network(peer):
    result = Network(Sizes(channels=channels))
    result.load_state_dict(tensors, strict=False)
    if peer.endswith("channels-last"):
        result.mobilefacenet.to(memory_format=torch.channels_last)
    return result


def listener(peer, clips):
    """A function that hears that many clips."""
    inputs = (wave[:clips].contiguous(), mel[:clips].contiguous())
    model = network(peer).eval()
    if peer.startswith("onnxruntime"):
        import onnxruntime

        file = os.path.join(tempfile.mkdtemp(), "network.onnx")
        adaptive_pools_as_gathers(model)
        names = ["wave", "mel"] if len(channels) > 1 else ["mel"]
        torch.onnx.export(model, inputs, file, input_names=["wave", "mel"], dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        feed = {name: value.numpy() for name, value in zip(("wave", "mel"), inputs) if name in names}
        os.remove(file)
        return lambda: torch.from_numpy(session.run(None, feed)[0])
    if peer.startswith("frozen"):
        with torch.no_grad():
            frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, inputs)))
        return torch.inference_mode()(lambda: frozen(*inputs))
    if peer.startswith("compiled"):
        from torch._inductor import config

        config.freezing = True
        model = torch.compile(model)
    return torch.inference_mode()(lambda: model(*inputs))


def trainer(peer, clips):
    """A function that takes one training step with that many clips and returns its loss."""
    model = network(peer).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    label = torch.arange(clips) % 41
    partner = torch.arange(clips - 1, -1, -1)
    inputs = (wave[:clips].contiguous(), mel[:clips].contiguous())
    losses = torch.compile(noisy_mixup_losses) if peer.startswith("compiled") else noisy_mixup_losses

    def step():
        optimiser.zero_grad()
        mixed, contrastive, _, _ = losses(model, *inputs, label, partner, torch.tensor(0.4))
        loss = mixed + contrastive
        loss.backward()
        optimiser.step()
        return loss.detach().reshape(1)

    return step


def peak_mebibytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))


workers = {}
for line in sys.stdin:
    work, peer, clips = line.split()
    key = (work, peer, int(clips))
    if key not in workers:
        workers[key] = (trainer if work == "train" else listener)(peer, int(clips))
        for _ in range(1 if work == "train" else 3):
            first = workers[key]()
    times = []
    while sum(times) < 0.25:  # One call leaves its caches to the next; the first of a turn finds none.
        start = time.perf_counter()
        workers[key]()
        times.append(time.perf_counter() - start)
    milliseconds = statistics.median(times) * 1000 / int(clips)
    print(json.dumps({"milliseconds": milliseconds, "values": first.reshape(-1)[:128].tolist(),
                      "peakMebibytes": peak_mebibytes()}), flush=True)
