"""Attacks, training against them, and predictive coding, beside PyTorch (eager and compiled) and JAX (jit): CPU milliseconds.

Run: python benchmarks/robust.py [rounds]. All take turns in one run, one thread each; medians. Everybody does the same steps on the same
sizes: 64 digits through 64-128-128-10, 40 steps of PGD or 10 inner steps and Adam; 32 digits through 64-32-32-32-10 for 20 sweeps.
A peer that is missing is said to be missing. Products of matrices alone take about 80 of the 107 us of one of our steps of PGD.
"""

from __future__ import annotations

import os

os.environ.update(
    OPENBLAS_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    OMP_NUM_THREADS="1",
    NUMBA_NUM_THREADS="1",
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
)

import sys
import warnings
from itertools import pairwise
from statistics import median
from time import process_time

import local_learning
import networks
import numpy as np
from peer import lend, row

BATCH, EPS = 64, 0.1
X, T = networks.RNG.random((BATCH, 64)).astype(np.float32), networks.RNG.integers(0, 10, BATCH)
FEW = {"PGD-40": 10, "TRADES, 10 inner steps": 20, "predictive coding, strict, 20 sweeps": 60}


def ours(name: str):
    if name.startswith("predictive"):
        return local_learning.lab_batches("strict", 0.1, 20)
    if name == "PGD-40":
        program = networks.attack()
        state = program.start(0)
        return lambda n: [program.forward(state, "near", x=X, t=T) for _ in range(n)]
    return networks.training(networks.trades(), x=networks.RNG.random((1437, 64)), t=networks.RNG.integers(0, 10, 1437))


def torch_eager(name: str):
    if name.startswith("predictive"):
        return local_learning.torch_batches("strict", 0.1, 20)
    return networks.torch_attacks(name != "PGD-40")


def torch_compiled(name: str):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    f = nn.functional
    if name.startswith("predictive"):
        sizes = (64, 32, 32, 32, 10)
        W, b = [torch.randn(p) * (1 / p[0]) ** 0.5 for p in pairwise(sizes)], [torch.zeros(n) for n in sizes[1:]]
        x0, y = torch.rand(32, 64), torch.eye(10)[torch.randint(0, 10, (32,))]

        @torch.compile
        def sweep(x, W, b):
            h = [torch.tanh(v) for v in x[:-1]]
            eps = [None, *(x[k + 1] - h[k] @ W[k] - b[k] for k in range(4))]
            return [x[0], *(x[k] + 0.1 * ((1 - h[k] * h[k]) * (eps[k + 1] @ W[k].T) - eps[k]) for k in range(1, 4)), x[4]]

        @torch.compile
        def taught(x, W, b):
            h = [torch.tanh(v) for v in x[:-1]]
            eps = [x[k + 1] - h[k] @ W[k] - b[k] for k in range(4)]
            return [W[k] + 0.01 / 32 * (h[k].T @ eps[k]) for k in range(4)], [b[k] + 0.01 / 32 * eps[k].sum(0) for k in range(4)]

        def batches(n):
            nonlocal W, b
            with torch.no_grad():
                for _ in range(n):
                    x = [x0]
                    for w, c in zip(W, b, strict=True):
                        x.append(torch.tanh(x[-1]) @ w + c)
                    x[-1] = y
                    for _ in range(20):
                        x = sweep(x, W, b)
                    W, b = taught(x, W, b)

        return batches
    network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    x, t = torch.tensor(X), torch.tensor(T)
    wrong = torch.compile(lambda near: f.cross_entropy(network(near), t, reduction="sum"))
    apart = torch.compile(lambda near, target: f.kl_div(network(near).log_softmax(1), target, reduction="sum"))

    @torch.compile
    def loss(near):
        y = network(x)
        return f.cross_entropy(y, t) + 6 * f.kl_div(network(near).log_softmax(1), y.softmax(1), reduction="batchmean")

    def climb(near, steps, rate, rises):
        for _ in range(steps):
            near.requires_grad_()
            (slope,) = torch.autograd.grad(rises(near), [near])
            near = torch.min(torch.max(near.detach() + rate * slope.sign(), x - EPS), x + EPS).clamp(0, 1)
        return near

    if name == "PGD-40":
        return lambda n: [climb(x + EPS * (2 * torch.rand_like(x) - 1), 40, 0.01, wrong) for _ in range(n)]
    optimiser = torch.optim.Adam(network.parameters(), 1e-3, fused=True)

    def run(n):
        for _ in range(n):
            target = network(x).softmax(1).detach()
            near = climb(x + 1e-3 * torch.randn_like(x), 10, 0.025, lambda y, target=target: apart(y, target))
            optimiser.zero_grad()
            loss(near).backward()
            optimiser.step()

    return run


def jax_jit(name: str):
    import jax
    import jax.numpy as jnp

    def drawn(sizes):
        return [(jnp.asarray(networks.RNG.normal(size=p) * (1 / p[0]) ** 0.5, jnp.float32), jnp.zeros(p[1])) for p in pairwise(sizes)]

    if name.startswith("predictive"):
        x0, y = jnp.asarray(networks.RNG.random((32, 64)), jnp.float32), jnp.eye(10)[networks.RNG.integers(0, 10, 32)]

        def errors(p, x):
            h = [jnp.tanh(v) for v in x[:-1]]
            return h, [x[k + 1] - h[k] @ p[k][0] - p[k][1] for k in range(4)]

        @jax.jit
        def batch(p):
            x = [x0]
            for w, c in p:
                x.append(jnp.tanh(x[-1]) @ w + c)
            x[-1] = y

            def sweep(_, x):
                h, eps = errors(p, x)
                return [x[0], *(x[k] + 0.1 * ((1 - h[k] ** 2) * (eps[k] @ p[k][0].T) - eps[k - 1]) for k in range(1, 4)), x[4]]

            h, eps = errors(p, x := jax.lax.fori_loop(0, 20, sweep, x))
            return [(w + 0.01 / 32 * h[k].T @ eps[k], c + 0.01 / 32 * eps[k].sum(0)) for k, (w, c) in enumerate(p)]

        p = drawn((64, 32, 32, 32, 10))

        def batches(n):
            nonlocal p
            for _ in range(n):
                p = batch(p)
            jax.block_until_ready(p)

        return batches
    x, t = jnp.asarray(X), jnp.asarray(T)

    def said(p, x):
        h = jax.nn.relu(jax.nn.relu(x @ p[0][0] + p[0][1]) @ p[1][0] + p[1][1])
        return jax.nn.log_softmax(h @ p[2][0] + p[2][1])

    def climb(near, steps, rate, rises):
        def step(_, near):
            return jnp.clip(jnp.clip(near + rate * jnp.sign(jax.grad(rises)(near)), x - EPS, x + EPS), 0, 1)

        return jax.lax.fori_loop(0, steps, step, near)

    def wrong(p, near):
        return -said(p, near)[jnp.arange(BATCH), t].sum()

    def apart(target, other):
        return (jnp.exp(target) * (target - other)).sum()

    p, key = drawn((64, 128, 128, 10)), jax.random.key(0)
    if name == "PGD-40":
        attack = jax.jit(
            lambda key: climb(x + EPS * jax.random.uniform(key, x.shape, minval=-1, maxval=1), 40, 0.01, lambda near: wrong(p, near))
        )
        return lambda n: [jax.block_until_ready(attack(key)) for _ in range(n)]

    def loss(p, near):
        clean = said(p, x)
        return (-clean[jnp.arange(BATCH), t].sum() + 6 * apart(clean, said(p, near))) / BATCH

    @jax.jit
    def step(p, first, second, k, key):
        target = said(p, x)
        near = climb(x + 1e-3 * jax.random.normal(key, x.shape), 10, 0.025, lambda near: apart(target, said(p, near)))
        g = jax.grad(loss)(p, near)
        first = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, first, g)
        second = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, second, g)
        p = jax.tree.map(lambda w, m, v: w - 1e-3 * m / (1 - 0.9**k) / (jnp.sqrt(v / (1 - 0.999**k)) + 1e-8), p, first, second)
        return p, first, second, k + 1, jax.random.split(key)[0]

    zeros = jax.tree.map(jnp.zeros_like, p)
    state = (p, zeros, zeros, jnp.float32(1), key)

    def run(n):
        nonlocal state
        for _ in range(n):
            state = step(*state)
        jax.block_until_ready(state)

    return run


MAKERS = {"lab": ours, "torch eager": torch_eager, "torch compiled": torch_compiled, "JAX jit": jax_jit}


def compare(rounds: int) -> None:
    warnings.simplefilter("ignore")
    lend("torch")
    lend("jax")
    for name, few in FEW.items():
        print(name)
        runs = {}
        for what, make in MAKERS.items():
            try:
                runs[what] = make(name)
                runs[what](3)
            except Exception as error:  # any reason is one: the others are measured all the same
                runs.pop(what, None)
                print(f"  {what} is missing: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:90]}", flush=True)
        found: dict[str, list[float]] = {what: [] for what in runs}
        for _ in range(rounds):
            for what, run in runs.items():
                began = process_time()
                run(few)
                found[what].append((process_time() - began) / few * 1000)
        mine = median(found["lab"])
        row(f"{name}: a minibatch", "ms", mine, **{what: median(times) for what, times in found.items() if what != "lab"})
        for what, times in found.items():
            print(f"  {what:16}{median(times):8.3f} ms{median(times) / mine:8.2f} times the lab", flush=True)


if __name__ == "__main__":
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
