"""Makes the fixtures of SpectraTests. Needs Python 3.11, numpy and librosa.

`librosa-*.npy` are log-mels of `signal()`, which LogMelTests computes too, by librosa in double precision; the other
files hold the matrix 0.5 * row + column in the ways NumPy can write it.
"""
import pathlib

import librosa
import numpy as np

FOLDER = pathlib.Path(__file__).parent


def signal(count=8000):
    """Steps of a linear congruential generator as 16-bit noise, growing from nothing, with a hum."""
    state, noise = 1, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % (1 << 31)
        noise.append((state >> 16) / 32768 - 0.5)
    n = np.arange(count)
    return np.array(noise) * n / count * 0.5 + 0.25 * np.sin(2 * np.pi * 100 * n / 16000)


def decibels(fft, pad, floor):
    power = librosa.feature.melspectrogram(
        y=signal(), sr=16000, n_fft=fft, hop_length=512, n_mels=128, pad_mode=pad, power=2.0)
    return floor(power).astype(np.float32)


np.save(FOLDER / "librosa-2048-zero.npy", decibels(2048, "constant", lambda x: 10 * np.log10(np.maximum(x, 1e-10))))
np.save(FOLDER / "librosa-1024-reflect.npy", decibels(1024, "reflect", lambda x: 10 * np.log10(x + np.finfo(float).eps)))

matrix = 0.5 * np.arange(3)[:, None] + np.arange(5)[None, :]
np.save(FOLDER / "float64.npy", matrix)
np.save(FOLDER / "columns-first.npy", np.asfortranarray(matrix.astype(np.float32)))
for version in (2, 3):
    with open(FOLDER / f"version{version}.npy", "wb") as file:
        np.lib.format.write_array(file, matrix.astype(np.float32), version=(version, 0))
np.save(FOLDER / "big-endian.npy", matrix.astype(">f4"))
np.save(FOLDER / "integers.npy", matrix.astype(np.int32))
np.save(FOLDER / "vector.npy", matrix[0].astype(np.float32))
