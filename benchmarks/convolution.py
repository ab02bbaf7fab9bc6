"""The map of one kernel over a picture: CPU milliseconds beside SciPy and PyTorch (float64, one thread, no gradients).

Run: python benchmarks/convolution.py [rounds]. All three take turns in one run; medians. The results are compared first.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1")

import sys
from functools import partial
from statistics import median
from time import process_time

import numpy as np
from peer import lend, row
from scipy.signal import correlate2d

from lab.models.networks.convolution_as_neurons import convolve

CASES = ((28, 1, 3), (64, 3, 5), (256, 1, 3), (512, 3, 7))


def scipy_map(X, K):
    return sum(correlate2d(X[:, :, c], K[:, :, c], "valid") for c in range(X.shape[2]))


def torch_map(X, K):
    lend("torch")
    import torch

    torch.set_num_threads(1)
    x, k = (
        torch.from_numpy(np.ascontiguousarray(X.transpose(2, 0, 1)))[None],
        torch.from_numpy(np.ascontiguousarray(K.transpose(2, 0, 1)))[None],
    )
    with torch.inference_mode():
        return lambda: torch.nn.functional.conv2d(x, k)[0, 0].numpy()


def main() -> None:
    rounds, random = int(sys.argv[1]) if len(sys.argv) > 1 else 20, np.random.default_rng(0)
    for side, channels, size in CASES:
        X, K = random.standard_normal((side, side, channels)), random.standard_normal((size, size, channels))
        ways = {"ours": partial(convolve, X, K), "SciPy": partial(scipy_map, X, K)}
        try:
            ways["PyTorch"] = torch_map(X, K)
        except ModuleNotFoundError:
            print("PyTorch is missing")
        found = {name: way() for name, way in ways.items()}
        assert all(np.allclose(values, found["ours"], atol=1e-9) for values in found.values())
        repeats = max(1, int(3e6 / (side * side * channels * size * size)))
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                began = process_time()
                for _ in range(repeats):
                    way()
                times[name].append((process_time() - began) / repeats * 1e3)
        ours = median(times["ours"])
        said = "  ".join(
            f"{name} {median(t):.3f} ms" + ("" if name == "ours" else f" ({median(t) / ours:.1f} times ours)") for name, t in times.items()
        )
        row(f"{side} x {side} x {channels}, kernel {size}", "ms", ours, **{name: median(t) for name, t in times.items() if name != "ours"})
        print(f"{side} x {side} x {channels}, kernel {size}: {said}")


if __name__ == "__main__":
    main()
