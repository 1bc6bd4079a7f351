"""Records method.safetensors: one training step of a small network with all that the published method leaves out, attention
over the bands, two centres per class, a teacher, a memory of embeddings; and averages of weights. Computed by PyTorch in
double precision. Run in this folder; it needs torch and numpy."""

import json
import struct
import sys

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

sys.path.insert(0, "../../../Sources/bench/peers")
from oscl import Network, Sizes, contrastive  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.manual_seed(11)
clips, per_class, weight = 6, 3, 0.05
sizes = Sizes(("logmel", "attention"), 16, 17, 1, classes=4, stem=16, bottlenecks=((2, 16, 2),), trunk=32, embedding=16,
              hidden=16, attention=16, sub_centres=2)


def drawn():
    network = Network(sizes).double()
    for name, value in list(network.named_parameters()) + list(network.named_buffers()):
        if name.endswith("running_var"):
            value.data.uniform_(0.5, 2)
        elif value.ndim == 1 and value.is_floating_point():
            value.data += 0.2 * torch.randn_like(value)
        if value.is_floating_point():
            value.data = value.data.float().double()
    return network


def numbers(network):
    return {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}


student, teacher = drawn().train(), drawn().eval()
records = {name: value.clone() for name, value in numbers(student).items()}
records |= {"teacher." + name: value for name, value in numbers(teacher).items()}
mel = (torch.randn(clips, 1, 16, 17) * 10 - 20).float().double()
label, partner, share = torch.tensor([0, 3, 0, 1, 2, 1]), torch.tensor([2, 0, 5, 3, 1, 4]), torch.tensor(0.7).double()
memory = F.normalize(torch.randn(4 * per_class, 16)).double().float().double()
memory_label = torch.arange(4).repeat_interleave(per_class)
mixed = share * mel + (1 - share) * mel[partner]
with torch.no_grad():
    embedding = teacher(None, mixed)
    cosines = teacher.arcface.cosines(embedding)
z = student(None, mixed)
logits = student.arcface(z, label)
entropy = share * F.cross_entropy(logits, label) + (1 - share) * F.cross_entropy(logits, label[partner])
pairs = contrastive(z, label, memory=memory, memory_label=memory_label)
consistency = weight * F.mse_loss(30 * student.arcface.cosines(z), 30 * cosines)
(entropy + pairs + consistency).backward()
records |= {"mel": mel, "label": label, "partner": partner, "share": share, "memory": memory, "teacher.weight":
            torch.tensor(weight), "teacher.embedding": embedding, "teacher.cosines": cosines,
            "losses": torch.stack([entropy, pairs, consistency])}
records |= {"grad." + name: value.grad for name, value in student.named_parameters()}

# A model of one weight after each of five steps, and its averages: the decay .9, and the plain mean from the third step on.
path = [1.0, -2.0, 0.5, 4.0, 3.25]
model = torch.nn.Linear(1, 1, bias=False).double()
model.weight.data.fill_(0.25)
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
ema.update_parameters(model)
swa = AveragedModel(model)
decayed, mean = [], []
for step, value in enumerate(path, 1):
    model.weight.data.fill_(value)
    ema.update_parameters(model)
    decayed.append(ema.module.weight.item())
    if step >= 3:
        swa.update_parameters(model)
        mean.append(swa.module.weight.item())
records |= {"average.start": torch.tensor([0.25]), "average.path": torch.tensor(path),
            "average.decayed": torch.tensor(decayed), "average.mean": torch.tensor(mean)}

header, body = {}, b""
for name, value in records.items():
    data = value.detach().numpy().astype(np.float32).tobytes()
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]}
    body += data
text = json.dumps(header, separators=(",", ":")).encode()
with open("method.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + body)
print(len(text) + len(body), "bytes")
