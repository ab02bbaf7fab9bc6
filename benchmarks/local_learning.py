"""A minibatch of predictive coding beside PyTorch (eager), and an episode of the grid world.

Run: python benchmarks/local_learning.py [rounds]. Both take turns in one run, one thread each; medians of the CPU time are printed. The same network
(64-32-32-32-10 tanh, 32 digits) and sweeps; PyTorch computes in float32, the lab in float64, with the weights' update in both.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import sys
from itertools import pairwise
from statistics import median
from time import process_time

from peer import lend, row

from lab import catalog
from lab.engine.simulation import Simulation

CASES = {"strict, 20 sweeps": ("strict", 0.1, 20), "fixed prediction, 3 sweeps": ("fixed prediction", 1.0, 3)}
BATCH, MANY = 32, 200


def lab_batches(form: str, rate: float, sweeps: int):
    s = Simulation(
        catalog.load("predictive-coding")(form=form, rate=rate, sweeps=sweeps, batch=BATCH, beside=False, epochs=10_000, learning=0.01), 0
    )
    return lambda many: s.advance(many * sweeps)


def torch_batches(form: str, rate: float, sweeps: int):
    lend("torch")
    import torch

    torch.set_num_threads(1)
    sizes = (64, 32, 32, 32, 10)
    W = [torch.randn(a, b) * (1 / a) ** 0.5 for a, b in pairwise(sizes)]
    b = [torch.zeros(n) for n in sizes[1:]]
    x0, y = torch.rand(BATCH, 64), torch.eye(10)[torch.randint(0, 10, (BATCH,))]

    def run(many):
        with torch.no_grad():
            for _ in range(many):
                x = [x0]
                for w, c in zip(W, b, strict=True):
                    x.append(torch.tanh(x[-1]) @ w + c)
                mu, x[-1] = [None, *x[1:]], y
                f = [torch.tanh(v) for v in x[:-1]]
                eps = [None, *(v - m for v, m in zip(x[1:], mu[1:], strict=True))]
                for _ in range(sweeps):
                    for k in range(1, 4):
                        x[k] = x[k] + rate * ((1 - f[k] * f[k]) * (eps[k + 1] @ W[k].T) - eps[k])
                    if form == "strict":
                        f[1:] = [torch.tanh(v) for v in x[1:-1]]
                        mu[2:] = [f[k] @ W[k] + b[k] for k in range(1, 4)]
                    eps[1:] = [v - m for v, m in zip(x[1:], mu[1:], strict=True)]
                for k in range(4):
                    W[k] += 0.01 / BATCH * (f[k].T @ eps[k + 1])
                    b[k] += 0.01 / BATCH * eps[k + 1].sum(0)

    return run


def timed(run, many: int) -> float:
    began = process_time()
    run(many)
    return (process_time() - began) / many * 1000


def compare(rounds: int) -> None:
    for name, case in CASES.items():
        runs = {"lab": lab_batches(*case)}
        try:
            runs["torch eager"] = torch_batches(*case)
        except ImportError:
            print("  PyTorch is missing")
        for run in runs.values():
            run(20)
        found = {what: [] for what in runs}
        for _ in range(rounds):
            for what, run in runs.items():
                found[what].append(timed(run, MANY))
        ours = median(found["lab"])
        print(f"predictive coding, {name}, batch {BATCH}")
        row(
            f"predictive coding, {name}: a minibatch of {BATCH}",
            "ms",
            ours,
            "4",
            **{what: median(t) for what, t in found.items() if what != "lab"},
        )
        for what, times in found.items():
            print(f"  {what:12}{median(times):8.3f} ms a minibatch{median(times) / ours:8.2f} times the lab", flush=True)
    found = []
    for seed in range(rounds + 1):
        s = Simulation(catalog.load("grid-world")(), seed)
        began = process_time()
        s.advance(s.model.default_steps)
        found.append((process_time() - began) / s.model.episodes * 1000)
    row("grid world, an episode with learning", "ms", median(found[1:]), "0.05 ms")
    print(f"grid world, value baseline: {median(found[1:]):.4f} ms an episode, learning and exact returns included")


if __name__ == "__main__":
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
