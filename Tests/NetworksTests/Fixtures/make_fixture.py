"""Records small-network.safetensors: a small OS-SCL network, four clips, what it makes of them at rest, and one training
step, computed by PyTorch in double precision. Run in this folder; it needs torch and numpy."""

import json
import struct
import sys

import numpy as np
import torch

sys.path.insert(0, "../../../Sources/bench/peers")
from oscl import Network, Sizes, noisy_mixup_losses  # noqa: E402

torch.manual_seed(9)
sizes = Sizes(mel_bands=16, frames=33, samples=1024, classes=5, stem=16, bottlenecks=((2, 16, 2), (2, 32, 1)), trunk=32,
              embedding=16, hidden=16, tgram_kernel=64, tgram_stride=32, tfgram=(16, 16), tfgram_pools=(4, 45, 33))
network = Network(sizes).double()
for name, value in list(network.named_parameters()) + list(network.named_buffers()):
    if name.endswith("running_var"):
        value.data.uniform_(0.5, 2)
    elif value.ndim == 1 and value.is_floating_point():
        value.data += 0.2 * torch.randn_like(value)
    if value.is_floating_point():
        value.data = value.data.float().double()
records = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
records = {name: value.clone() for name, value in records.items()}
weights = dict(records)

wave = (torch.randn(4, 1, 1024) * 0.3).float().double()
mel = (torch.randn(4, 1, 16, 33) * 10 - 20).float().double()
label, partner, share = torch.tensor([0, 3, 0, 4]), torch.tensor([2, 0, 3, 1]), torch.tensor(0.3).double()
with torch.no_grad():
    network.eval()
    vector = network.mobilefacenet(network.images(wave, mel))
    embedding = network.head(vector)
    records |= {"wave": wave, "mel": mel, "label": label, "partner": partner, "share": share, "rest.vector": vector,
                "rest.embedding": embedding, "rest.logits": network.arcface(embedding, label)}

network.train()
mixed, contrastive, logits, z = noisy_mixup_losses(network, wave, mel, label, partner, share)
optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
(mixed + contrastive).backward()
optimiser.step()
records |= {"step.losses": torch.stack([mixed, contrastive]), "step.logits": logits, "step.embedding": z}
records |= {"grad." + name: value.grad for name, value in network.named_parameters()}
records |= {"after." + name: network.state_dict()[name] for name in weights}

header, body = {}, b""
for name, value in records.items():
    data = value.detach().numpy().astype(np.float32).tobytes()
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]}
    body += data
text = json.dumps(header, separators=(",", ":")).encode()
with open("small-network.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + body)
print(len(body), "bytes of numbers")
