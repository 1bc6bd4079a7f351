"""Log-mel by torchaudio and librosa, one thread, a turn at a time.

Started by `auscult-bench log-mel` with the path of a file of float32 samples. Each line of input names a peer and a
number of clips; the answer is a line of JSON with the median time of a clip and the mean of the log-mel in dB.
"""

import json
import os
import statistics
import sys
import time

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import librosa
import numpy as np
import torch
import torchaudio

torch.set_num_threads(1)
samples = np.fromfile(sys.argv[1], dtype=np.float32)
tensor = torch.from_numpy(samples)
mel = torchaudio.transforms.MelSpectrogram(
    sample_rate=16000, n_fft=2048, hop_length=512, n_mels=128, f_min=0, f_max=8000, power=2, center=True,
    pad_mode="constant", norm="slaney", mel_scale="slaney")
decibels = torchaudio.transforms.AmplitudeToDB("power")


@torch.inference_mode()
def by_torchaudio():
    return decibels(mel(tensor)).numpy()


def by_librosa():
    power = librosa.feature.melspectrogram(
        y=samples, sr=16000, n_fft=2048, hop_length=512, n_mels=128, pad_mode="constant")
    return librosa.power_to_db(power, top_db=None)


peers = {"torchaudio": by_torchaudio, "librosa": by_librosa}
for line in sys.stdin:
    name, count = line.split()
    times = []
    for _ in range(int(count)):
        start = time.perf_counter()
        result = peers[name]()
        times.append(1000 * (time.perf_counter() - start))
    print(json.dumps({"milliseconds": statistics.median(times), "mean": float(result.mean())}), flush=True)
