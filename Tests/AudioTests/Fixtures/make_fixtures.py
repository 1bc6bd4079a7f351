"""Makes the FLAC fixtures of AudioTests. Needs Python 3.11, numpy and soundfile (libsndfile).

Every FLAC file holds the ramp that `ramp(frames, channels, bits)` states; AudioDecoderTests computes the same values.
`frames.flac` was compressed by libFLAC (linear prediction, Rice codes); the others are written here, sample by sample
(RFC 9639, verbatim subframes), since no common encoder writes all bit depths, an unknown length or no digest.
"""
import hashlib
import pathlib
import struct

import numpy as np
import soundfile

FOLDER = pathlib.Path(__file__).parent


def ramp(frames, channels, bits):
    """Sample of frame n and channel c: a saw tooth over the whole scale, steeper in higher channels."""
    n, c = np.meshgrid(np.arange(frames), np.arange(channels), indexing="ij")
    scale = 1 << bits
    return (((c + 1) * n * (scale // 61 + 1)) % scale - scale // 2).astype(np.int64)


class Bits:
    def __init__(self):
        self.text = []

    def put(self, value, width):
        self.text.append(format(value & ((1 << width) - 1), f"0{width}b"))

    def bytes(self):
        text = "".join(self.text)
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def crc(data, width, polynomial):
    value = 0
    for byte in data:
        value ^= byte << (width - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (width - 1) else 0)
            value &= (1 << width) - 1
    return value


def flac(samples, bits, known_length=True, digest=True):
    """A FLAC file of verbatim subframes, 192 frames of sound in each."""
    frames, channels = samples.shape
    width = (bits + 7) // 8
    content = b"".join(int(v).to_bytes(width, "little", signed=True) for v in samples.ravel())
    info = Bits()
    for value, count in [(192, 16), (192, 16), (0, 24), (0, 24), (16000, 20), (channels - 1, 3), (bits - 1, 5)]:
        info.put(value, count)
    info.put(frames if known_length else 0, 36)
    out = b"fLaC\x80\x00\x00\x22" + info.bytes() + (hashlib.md5(content).digest() if digest else bytes(16))
    for number, start in enumerate(range(0, frames, 192)):
        block = samples[start : start + 192]
        code = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}.get(bits, 0)
        head = Bits()
        for value, count in [(0x3FFE, 14), (0, 2), (7, 4), (5, 4), (channels - 1, 4), (code, 3), (0, 1), (number, 8)]:
            head.put(value, count)
        head.put(len(block) - 1, 16)
        head = head.bytes()
        head += bytes([crc(head, 8, 0x07)])
        body = Bits()
        for channel in range(channels):
            body.put(2, 8)
            for value in block[:, channel]:
                body.put(int(value), bits)
        frame = head + body.bytes()
        out += frame + struct.pack(">H", crc(frame, 16, 0x8005))
    return out


for bits in (8, 12, 13, 16, 20, 24, 32):
    (FOLDER / f"bits{bits}.flac").write_bytes(flac(ramp(300, 2, bits), bits))
(FOLDER / "unknown-length.flac").write_bytes(flac(ramp(300, 1, 16), 16, known_length=False))
(FOLDER / "no-digest.flac").write_bytes(flac(ramp(300, 1, 16), 16, digest=False))
(FOLDER / "eight-channels.flac").write_bytes(flac(ramp(300, 8, 16), 16))
soundfile.write(FOLDER / "frames.flac", ramp(20000, 1, 16).astype(np.int16), 16000, subtype="PCM_16")
