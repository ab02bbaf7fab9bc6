"""Training steps of a variational autoencoder and of adversarial networks: this tape beside PyTorch (eager, and its best mode) and JAX.

Run: python benchmarks/generative.py [rounds]. All take turns in one run, one thread each, and medians of the CPU time of a step are printed, because
other work on the machine disturbs it least. The same networks, minibatches, optimiser and losses; PyTorch's best mode is the
better of fused Adam and of torch.compile around forward and loss with fused Adam. A peer that is missing is said to be missing.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1", XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")  # fmt: skip

import sys
import warnings
from statistics import median
from time import process_time

import numpy as np
from peer import lend, row, scanned

from lab import catalog
from lab.data import sets
from lab.engine.simulation import Simulation

STEPS = {"variational-autoencoder": (64, 400), "generative-adversarial-network": (128, 400)}
RATE = {"variational-autoencoder": 2e-3, "generative-adversarial-network": 1e-3}


def tape(name: str):
    """The program of the model itself, on its own data."""
    values = {"code": 8} if name == "variational-autoencoder" else {}
    s = Simulation(catalog.load(name)(**values), 0)
    state, data = s.model.tape_state(s.constants, s.state), s.model.training_data(s.constants, s.state)
    return lambda steps: s.constants.program.train(state, data, steps, batch=s.model.batch)


def data(name: str) -> np.ndarray:
    if name == "variational-autoencoder":
        return sets.load("digits").split(0.2, 0).part("train")[0]
    return catalog.load(name)().maker.training(0, 0)["x"]


def torch_networks(name: str):
    """(players: (parameters, loss of a minibatch)) in PyTorch."""
    lend("torch")
    import torch
    from torch import nn
    from torch.nn.functional import binary_cross_entropy_with_logits, softplus

    if name == "variational-autoencoder":
        enter, mean, spread = nn.Linear(64, 128), nn.Linear(128, 8), nn.Linear(128, 8)
        leave, out = nn.Linear(8, 128), nn.Linear(128, 64)

        def loss(x):
            h = torch.relu(enter(x))
            m, v = mean(h), spread(h)
            z = m + torch.exp(0.5 * v) * torch.randn_like(m)
            said = binary_cross_entropy_with_logits(out(torch.relu(leave(z))), x, reduction="sum")
            return (said + 0.5 * (v.exp() + m * m - v - 1).sum()) / len(x)

        return [([p for layer in (enter, mean, spread, leave, out) for p in layer.parameters()], loss)]

    def network(begin, end):
        return nn.Sequential(nn.Linear(begin, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, end))

    forger, detective = network(2, 2), network(2, 1)

    def caught(x):
        with torch.no_grad():
            forged = forger(torch.randn(len(x), 2))
        return (softplus(-detective(x)) + softplus(detective(forged))).mean()

    def believed(x):
        return softplus(-detective(forger(torch.randn(len(x), 2)))).mean()

    return [(list(detective.parameters()), caught), (list(forger.parameters()), believed)]


def torch_steps(name: str, *, fused: bool = False, compiled: bool = False):
    lend("torch")
    import torch

    torch.set_num_threads(1)
    beta = 0.9 if name == "variational-autoencoder" else 0.5
    players = [
        (torch.optim.Adam(p, RATE[name], betas=(beta, 0.999), fused=fused), torch.compile(loss) if compiled else loss, p)
        for p, loss in torch_networks(name)
    ]
    x, batch = torch.tensor(data(name)), STEPS[name][0]
    order, place = torch.randperm(len(x)), 0

    def run(steps):
        nonlocal order, place
        for _ in range(steps):
            if place + batch > len(x):
                order, place = torch.randperm(len(x)), 0
            rows = x[order[place : place + batch]]
            place += batch
            for optimiser, loss, parameters in players:
                optimiser.zero_grad()
                # Only this player's weights: a generator's step gives no gradient to the discriminator.
                for p, g in zip(parameters, torch.autograd.grad(loss(rows), parameters), strict=True):
                    p.grad = g
                optimiser.step()

    return run


def jax_steps(name: str):
    """All steps of a call in one compiled scan, Adam by hand."""
    lend("jax")
    import jax
    import jax.numpy as jnp

    sizes = {
        "variational-autoencoder": [{"enter": (64, 128), "mean": (128, 8), "spread": (128, 8), "leave": (8, 128), "out": (128, 64)}],
        "generative-adversarial-network": [{"d1": (2, 64), "d2": (64, 64), "d3": (64, 1)}, {"g1": (2, 64), "g2": (64, 64), "g3": (64, 2)}],
    }[name]
    random = np.random.default_rng(0)
    players = [
        {k: (jnp.asarray(random.normal(0, (2 / i) ** 0.5, (i, o)), jnp.float32), jnp.zeros(o)) for k, (i, o) in part.items()}
        for part in sizes
    ]

    def affine(w, h):
        return h @ w[0] + w[1]

    def dense(p, who, h):
        for k in (1, 2):
            h = jax.nn.relu(affine(p[f"{who}{k}"], h))
        return affine(p[f"{who}3"], h)

    def elbo(own, _, x, key):
        h = jax.nn.relu(affine(own["enter"], x))
        m, v = affine(own["mean"], h), affine(own["spread"], h)
        z = m + jnp.exp(0.5 * v) * jax.random.normal(key, m.shape)
        y = affine(own["out"], jax.nn.relu(affine(own["leave"], z)))
        return ((jax.nn.softplus(y) - x * y).sum() + 0.5 * (jnp.exp(v) + m * m - v - 1).sum()) / len(x)

    def caught(own, other, x, key):
        forged = dense(other, "g", jax.random.normal(key, (len(x), 2)))
        return (jax.nn.softplus(-dense(own, "d", x)) + jax.nn.softplus(dense(own, "d", forged))).mean()

    def believed(own, other, x, key):
        return jax.nn.softplus(-dense(other, "d", dense(own, "g", jax.random.normal(key, (len(x), 2))))).mean()

    losses = [elbo] if len(players) == 1 else [caught, believed]
    x, batch, beta = jnp.asarray(data(name)), STEPS[name][0], 0.9 if len(players) == 1 else 0.5

    def step(carry, key):
        weights, first, second, t = carry
        keys = jax.random.split(key, len(losses) + 1)
        rows = x[jax.random.randint(keys[-1], (batch,), 0, len(x))]
        weights, first, second = list(weights), list(first), list(second)
        for k, loss in enumerate(losses):
            g = jax.grad(loss)(weights[k], weights[1 - k] if len(weights) > 1 else None, rows, keys[k])
            first[k] = jax.tree.map(lambda m, d: beta * m + (1 - beta) * d, first[k], g)
            second[k] = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, second[k], g)
            weights[k] = jax.tree.map(
                lambda w, m, v: w - RATE[name] * (m / (1 - beta**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), weights[k], first[k], second[k]
            )  # fmt: skip
        return (weights, first, second, t + 1), None

    return scanned(step, players)


def made(what: str, make):
    """A peer, or a word why it is not there."""
    try:
        run = make()
        run(20)
        return run
    except Exception as error:  # any reason is one: the others are measured all the same
        print(f"  {what} is missing: {type(error).__name__}: {str(error).splitlines()[0][:90]}", flush=True)
        return None


def compare(rounds: int) -> None:
    warnings.simplefilter("ignore")
    for name, (batch, steps) in STEPS.items():
        print(f"{name}, batch {batch}")
        makers = {
            "tape": lambda name=name: tape(name), "torch eager": lambda name=name: torch_steps(name), "torch fused": lambda name=name: torch_steps(name, fused=True),
            "torch compiled": lambda name=name: torch_steps(name, fused=True, compiled=True), "JAX jit, scan": lambda name=name: jax_steps(name),
        }  # fmt: skip
        runs = {what: run for what, make in makers.items() if (run := made(what, make)) is not None}
        for run in runs.values():
            run(steps)
        found = {what: [] for what in runs}
        for _ in range(rounds):
            for what, run in runs.items():
                began = process_time()
                run(steps)
                found[what].append((process_time() - began) / steps * 1000)
        ours = median(found["tape"])
        row(f"{name}: a training step, batch {batch}", "ms", ours, **{what: median(t) for what, t in found.items() if what != "tape"})
        for what, times in found.items():
            print(f"  {what:16}{median(times):8.3f} ms a step{median(times) / ours:8.2f} times the tape", flush=True)


if __name__ == "__main__":
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
