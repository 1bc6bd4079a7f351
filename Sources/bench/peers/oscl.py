"""The OS-SCL network in PyTorch, stated independently of the Swift one: the peer of the benchmarks and the source of the
test fixtures. Parameter names are the published ones."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Sizes:
    """The widths of a network; the defaults are the published network's."""

    def __init__(self, channels=("logmel", "tgram", "tfgram"), mel_bands=128, frames=313, samples=160_000, classes=41,
                 stem=64, bottlenecks=((2, 128, 2), (4, 128, 2), (4, 128, 2)), trunk=512, embedding=128, hidden=64,
                 tgram_kernel=1024, tgram_stride=512, tfgram=(64, 128), tfgram_pools=(4, 626, 313), attention=64,
                 sub_centres=1):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})


def halved(n):
    return (n - 1) // 2 + 1


class Tgram(nn.Module):
    def __init__(self, s):
        super().__init__()
        n = s.mel_bands
        self.conv_extrctor = nn.Conv1d(1, n, s.tgram_kernel, s.tgram_stride, s.tgram_kernel // 2, bias=False)
        self.conv_encoder = nn.Sequential(*[
            nn.Sequential(nn.LayerNorm(s.frames), nn.LeakyReLU(0.2), nn.Conv1d(n, n, 3, 1, 1, bias=False))
            for _ in range(3)])

    def forward(self, wave):
        return self.conv_encoder(self.conv_extrctor(wave))


class WaveBlock(nn.Module):
    def __init__(self, inputs, outputs, pool):
        super().__init__()
        self.conv1 = nn.Conv1d(inputs, outputs, 3, 1, 1, bias=False)
        self.conv2 = nn.Conv1d(outputs, outputs, 3, 1, 2, 2, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm1d(outputs), nn.BatchNorm1d(outputs)
        self.pool = nn.MaxPool1d(4, 4) if pool == 4 else nn.AdaptiveMaxPool1d(pool)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.pool(F.relu(self.bn2(self.conv2(x))))


class TFgram(nn.Module):
    def __init__(self, s):
        super().__init__()
        narrow, wide = s.tfgram
        self.pre_conv0 = nn.Conv1d(1, narrow, 11, 5, 5, bias=False)
        self.pre_bn0 = nn.BatchNorm1d(narrow)
        self.pre_block1 = WaveBlock(narrow, narrow, s.tfgram_pools[0])
        self.pre_block2 = WaveBlock(narrow, wide, s.tfgram_pools[1])
        self.pre_block3 = WaveBlock(wide, wide, s.tfgram_pools[2])

    def forward(self, wave):
        x = F.relu(self.pre_bn0(self.pre_conv0(wave)))
        return self.pre_block3(self.pre_block2(self.pre_block1(x)))


class FrequencyAttention(nn.Module):
    """Each mel band becomes a mixture of the bands it looks at; not part of the published network."""

    def __init__(self, s):
        super().__init__()
        self.query = nn.Linear(s.frames, s.attention, bias=False)
        self.key = nn.Linear(s.frames, s.attention, bias=False)

    def forward(self, mel):
        normal = F.layer_norm(mel, mel.shape[-1:])
        similarity = self.query(normal) @ self.key(normal).transpose(-1, -2) / math.sqrt(self.query.out_features)
        return similarity.softmax(-1) @ mel


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0, groups=1, linear=False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.prelu = None if linear else nn.PReLU(outputs)

    def forward(self, x):
        x = self.bn(self.conv(x))
        return x if self.prelu is None else self.prelu(x)


class Bottleneck(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        self.connect = stride == 1 and inputs == outputs
        n = inputs * expansion
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, n, 1, bias=False), nn.BatchNorm2d(n), nn.PReLU(n),
            nn.Conv2d(n, n, 3, stride, 1, groups=n, bias=False), nn.BatchNorm2d(n), nn.PReLU(n),
            nn.Conv2d(n, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return x + self.conv(x) if self.connect else self.conv(x)


class MobileFaceNet(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.conv1 = ConvBlock(len(s.channels), s.stem, 3, 2, 1)
        self.dw_conv1 = ConvBlock(s.stem, s.stem, 3, 1, 1, groups=s.stem)
        blocks, width, rows, columns = [], s.stem, halved(s.mel_bands), halved(s.frames)
        for expansion, outputs, repeats in s.bottlenecks:
            for i in range(repeats):
                blocks.append(Bottleneck(width, outputs, 2 if i == 0 else 1, expansion))
                width = outputs
            rows, columns = halved(rows), halved(columns)
        self.blocks = nn.Sequential(*blocks)
        self.conv2 = ConvBlock(width, s.trunk, 1)
        self.linear7 = ConvBlock(s.trunk, s.trunk, (rows, columns), groups=s.trunk, linear=True)
        self.linear1 = ConvBlock(s.trunk, s.embedding, 1, linear=True)

    def forward(self, x):
        x = self.conv2(self.blocks(self.dw_conv1(self.conv1(x))))
        return self.linear1(self.linear7(x)).flatten(1)


class Head(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.head = nn.Sequential(
            nn.Linear(s.embedding, s.hidden), nn.ReLU(), nn.BatchNorm1d(s.hidden),
            nn.Linear(s.hidden, s.embedding), nn.ReLU(), nn.BatchNorm1d(s.embedding))

    def forward(self, x):
        return F.normalize(self.head(x), dim=1, eps=1e-12)


class ArcFace(nn.Module):
    def __init__(self, s, scale=30.0, margin=0.4):
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(s.classes * s.sub_centres, s.embedding)))
        self.scale, self.margin, self.sub_centres = scale, margin, s.sub_centres

    def cosines(self, x):
        """With the nearest centre of each class."""
        all = F.linear(F.normalize(x), F.normalize(self.weight))
        return all.unflatten(1, (-1, self.sub_centres)).amax(2)

    def forward(self, x, label):
        cosine = self.cosines(x)
        sine = torch.sqrt((1 - cosine * cosine).clamp(min=1e-12))
        shifted = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        low = cosine - math.sin(math.pi - self.margin) * self.margin
        shifted = torch.where(cosine > math.cos(math.pi - self.margin), shifted, low)
        chosen = F.one_hot(label, cosine.shape[1]).bool()
        return self.scale * torch.where(chosen, shifted, cosine)


class Network(nn.Module):
    def __init__(self, sizes=None):
        super().__init__()
        self.sizes = s = sizes or Sizes()
        if "tgram" in s.channels:
            self.tgramnet = Tgram(s)
        if "tfgram" in s.channels:
            self.TFgramNet = TFgram(s)
        if "attention" in s.channels:
            self.attention = FrequencyAttention(s)
        self.mobilefacenet, self.head, self.arcface = MobileFaceNet(s), Head(s), ArcFace(s)
        self.initialise()

    def initialise(self):
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                spread = math.sqrt(2 / (module.kernel_size[0] * module.kernel_size[1] * module.out_channels))
                nn.init.normal_(module.weight, 0, spread)
            elif isinstance(module, nn.Conv1d) and name.startswith("TFgramNet"):
                nn.init.xavier_uniform_(module.weight)

    def images(self, wave, mel):
        """wave [clips, 1, samples], mel [clips, 1, bands, frames] -> [clips, channels, bands, frames]."""
        planes = []
        for channel in self.sizes.channels:
            if channel == "logmel":
                planes.append(mel)
            elif channel == "attention":
                planes.append(self.attention(mel))
            else:
                net = self.tgramnet if channel == "tgram" else self.TFgramNet
                planes.append(net(wave).unsqueeze(1))
        return torch.cat(planes, 1) if len(planes) > 1 else planes[0]

    def forward(self, wave, mel):
        """The normalised embedding [clips, embedding]."""
        return self.head(self.mobilefacenet(self.images(wave, mel)))


def contrastive(z, label, temperature=0.02, base=0.07, memory=None, memory_label=None):
    """Supervised contrastive loss with one view per clip; what is in memory is compared with, but is no anchor."""
    other = z if memory is None else torch.cat([z, memory])
    other_label = label if memory is None else torch.cat([label, memory_label])
    similarity = z @ other.T / temperature
    self_pair = torch.eye(len(z), len(other), dtype=torch.bool, device=z.device)
    rest = torch.logsumexp(similarity.masked_fill(self_pair, -torch.inf), 1, keepdim=True)
    partner = (label[:, None] == other_label[None]) & ~self_pair
    count = partner.sum(1)
    each = -(temperature / base) * ((similarity - rest) * partner).sum(1) / count.clamp(min=1)
    return torch.where(count > 0, each, torch.zeros_like(each)).mean()


def noisy_mixup_losses(network, wave, mel, label, partner, lam):
    """Cross-entropy with mixed labels (margin at the first), contrastive term, logits, embedding."""
    z = network(lam * wave + (1 - lam) * wave[partner], lam * mel + (1 - lam) * mel[partner])
    logits = network.arcface(z, label)
    mixed = lam * F.cross_entropy(logits, label) + (1 - lam) * F.cross_entropy(logits, label[partner])
    return mixed, contrastive(z, label), logits, z


class GatherPool(nn.Module):
    """An adaptive max-pool stated with operators that every runtime has: gather each bin's steps, then take the largest."""

    def __init__(self, steps, bins):
        super().__init__()
        starts = torch.arange(bins) * steps // bins
        ends = ((torch.arange(bins) + 1) * steps + bins - 1) // bins
        width = int((ends - starts).max())
        index = torch.minimum(starts[:, None] + torch.arange(width), ends[:, None] - 1)
        self.bins, self.width = bins, width
        self.register_buffer("index", index.flatten())

    def forward(self, x):
        return x[..., self.index].unflatten(-1, (self.bins, self.width)).amax(-1)


def adaptive_pools_as_gathers(network):
    """Replaces TFgram's adaptive pools, which the exporter to ONNX does not know, in place."""
    if hasattr(network, "TFgramNet"):
        s = network.sizes
        steps = ((s.samples - 1) // 5 + 1) // 4
        network.TFgramNet.pre_block2.pool = GatherPool(steps, s.tfgram_pools[1])
        network.TFgramNet.pre_block3.pool = GatherPool(s.tfgram_pools[1], s.tfgram_pools[2])
