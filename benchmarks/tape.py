"""Training steps per second of the tape and of PyTorch (eager, one thread), interleaved in one run.

Run: python benchmarks/tape.py [rounds]. Prints medians: steps per second of wall time, their ratio, and the ratio of the CPU
time (both use one thread), which other work on the machine disturbs least. `--compile` measures a first start (empty cache) and a start from the cache instead.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1")

import subprocess
import sys
import tempfile
from itertools import pairwise
from statistics import median
from time import perf_counter, process_time

import numpy as np
from peer import lend, row

from lab.tape import Tape, adam


def dense(sizes, batch, activation, regression):
    t = Tape()
    h = t.input("x", sizes[0])
    for width in sizes[1:-1]:
        h = t.activation(t.affine(h, width, init="he"), activation)
    y = t.affine(h, sizes[-1])
    t.minimise(t.mse(y, t.input("t", sizes[-1])) if regression else t.cross_entropy(y, t.labels("t", sizes[-1])), adam(1e-3))
    return t.compile(batch)


def convolutional(batch):
    t = Tape()
    h = t.max_pool(t.relu(t.conv2d(t.input("x", (8, 8, 1)), 8)))
    h = t.max_pool(t.relu(t.conv2d(h, 16)))
    t.minimise(t.cross_entropy(t.affine(t.flatten(h), 10), t.labels("t", 10)), adam(1e-3))
    return t.compile(batch)


def torch_dense(sizes, activation):
    from torch import nn

    layers = []
    for k, (i, o) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(i, o)] + ([{"tanh": nn.Tanh, "relu": nn.ReLU}[activation]()] if k < len(sizes) - 2 else [])
    return nn.Sequential(*layers)


def torch_convolutional():
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def torch_steps(network, x, t, batch, regression):
    lend("torch")
    import torch

    torch.set_num_threads(1)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    loss = torch.nn.functional.mse_loss if regression else torch.nn.functional.cross_entropy
    x, t = torch.tensor(x, dtype=torch.float32), torch.tensor(t, dtype=torch.float32 if regression else torch.int64)
    count = len(x)
    order, place = torch.randperm(count), 0

    def run(steps):
        nonlocal order, place
        for _ in range(steps):
            if place + batch > count:
                order, place = torch.randperm(count), 0
            rows = order[place : place + batch]
            place += batch
            optimiser.zero_grad()
            loss(network(x[rows]), t[rows]).backward()
            optimiser.step()

    return run


def cases():
    random = np.random.default_rng(0)
    x2, x64, x784 = random.normal(size=(1000, 2)), random.random((1440, 64)), random.random((1280, 784))
    yield (
        "2-8-8-1, batch 10",
        60,
        dense((2, 8, 8, 1), 10, "tanh", True),
        torch_dense((2, 8, 8, 1), "tanh"),
        x2,
        x2[:, :1],
        10,
        True,
        x2,
        20000,
    )
    t = random.integers(0, 10, 1440)
    yield "64-64-10, batch 32", 8, dense((64, 64, 10), 32, "relu", False), torch_dense((64, 64, 10), "relu"), x64, t, 32, False, x64, 4000
    t = random.integers(0, 10, 1280)
    yield (
        "784-256-10, batch 64",
        1,
        dense((784, 256, 10), 64, "relu", False),
        torch_dense((784, 256, 10), "relu"),
        x784,
        t,
        64,
        False,
        x784,
        200,
    )
    t = random.integers(0, 10, 1440)
    pictures = x64.reshape(-1, 8, 8, 1)
    yield "small CNN, batch 32", 3, convolutional(32), torch_convolutional(), pictures, t, 32, False, pictures.transpose(0, 3, 1, 2), 1000


def compare(rounds: int) -> None:
    print(f"{'network':24}{'tape /s':>12}{'torch /s':>12}{'ratio':>9}{'CPU ratio':>11}{'wanted':>9}")
    for name, wanted, program, network, x, t, batch, regression, torch_x, steps in cases():
        state, data = program.start(0, len(x)), program.data(x=x, t=t)
        run = torch_steps(network, torch_x, t, batch, regression)
        few = max(20, steps // (4 * wanted))
        program.train(state, data, 20)
        run(20)
        found = []
        for _ in range(rounds):
            wall, cpu = perf_counter(), process_time()
            program.train(state, data, steps)
            wall1, cpu1 = perf_counter(), process_time()
            run(few)
            wall2, cpu2 = perf_counter(), process_time()
            ours, theirs = steps / (wall1 - wall), few / (wall2 - wall1)
            found.append((ours, theirs, ours / theirs, steps / (cpu1 - cpu) * (cpu2 - cpu1) / few))
        ours, theirs, ratio, cpu = (median(column) for column in zip(*found, strict=True))
        row(f"{name}: a training step", "ms", 1e3 / ours, f"{wanted}", **{"PyTorch eager": 1e3 / theirs})
        print(f"{name:24}{ours:12.0f}{theirs:12.0f}{ratio:9.2f}{cpu:11.2f}{wanted:9}", flush=True)


START = """
import time, sys
began = time.perf_counter(); cpu = time.process_time()
sys.path.insert(0, 'benchmarks')
import tape
import numpy as np
loaded = time.perf_counter()
for program, shape in ((tape.dense((64, 64, 10), 32, 'relu', False), (64,)), (tape.convolutional(32), (8, 8, 1))):
    state = program.start(0, 32)
    program.train(state, program.data(x=np.zeros((32, *shape)), t=np.zeros(32)), 1)
    program.forward(state, [program.tape.objectives[0].loss], x=np.zeros((32, *shape)), t=np.zeros(32))
    print(f"{shape}: ready after {time.perf_counter() - loaded:.2f} s (CPU {time.process_time() - cpu:.2f} s, imports {loaded - began:.2f} s)")
"""


def starts() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for what in ("first start", "from the cache"):
            print(what)
            subprocess.run([sys.executable, "-c", START], env={**os.environ, "LAB_CACHE": folder}, check=True)


if __name__ == "__main__":
    if "--compile" in sys.argv:
        starts()
    else:
        compare(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
