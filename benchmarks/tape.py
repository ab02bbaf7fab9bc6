"""Training steps of the tape beside PyTorch (eager, and with its fused optimiser) and JAX (all steps in one compiled scan), single precision.

Run: python benchmarks/tape.py [rounds]. All take turns in one run; medians of the CPU time of a step, which other work on the machine
disturbs least, and how many times as long each took. `--compile` measures a first start (empty cache) and a start from the cache instead.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1", XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")  # fmt: skip

import subprocess
import sys
import tempfile
from functools import partial
from itertools import pairwise
from statistics import median
from time import process_time

import numpy as np
from peer import lend, row, scanned

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


def torch_steps(network, x, t, batch, regression, fused=False):
    import torch

    torch.set_num_threads(1)
    network = network()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3, fused=fused)
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


def jax_steps(sizes, activation, x, t, batch, regression):
    """All steps of a call in one compiled scan, single precision, Adam by hand."""
    import jax
    import jax.numpy as jnp

    random = np.random.default_rng(0)
    weights = [(jnp.asarray(random.normal(0, (2 / i) ** 0.5, (i, o)), jnp.float32), jnp.zeros(o)) for i, o in pairwise(sizes)]
    bend = {"tanh": jnp.tanh, "relu": jax.nn.relu}[activation]
    x, t = jnp.asarray(x, jnp.float32), jnp.asarray(t, jnp.float32 if regression else jnp.int32)

    def loss(weights, x, t):
        for w, b in weights[:-1]:
            x = bend(x @ w + b)
        y = x @ weights[-1][0] + weights[-1][1]
        return ((y - t) ** 2).mean() if regression else -jnp.take_along_axis(jax.nn.log_softmax(y), t[:, None], 1).mean()

    def step(carry, key):
        weights, first, second, k = carry
        rows = jax.random.randint(key, (batch,), 0, len(x))
        g = jax.grad(loss)(weights, x[rows], t[rows])
        first = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, first, g)
        second = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, second, g)
        move = lambda w, m, v: w - 1e-3 * (m / (1 - 0.9**k)) / (jnp.sqrt(v / (1 - 0.999**k)) + 1e-8)  # noqa: E731
        return (jax.tree.map(move, weights, first, second), first, second, k + 1), None

    return scanned(step, weights)


def cases():
    """(name, wanted, program, network and its data for PyTorch, sizes and activation for JAX or None, data, batch, regression, steps)."""
    random = np.random.default_rng(0)
    x2, x64, x784 = random.normal(size=(1000, 2)), random.random((1440, 64)), random.random((1280, 784))
    for name, wanted, sizes, activation, batch, x, steps in (
        ("2-8-8-1, batch 10", 60, (2, 8, 8, 1), "tanh", 10, x2, 20000),
        ("64-64-10, batch 32", 8, (64, 64, 10), "relu", 32, x64, 4000),
        ("784-256-10, batch 64", 1, (784, 256, 10), "relu", 64, x784, 200),
    ):
        regression = sizes[-1] == 1
        t = x[:, :1] if regression else random.integers(0, 10, len(x))
        program = dense(sizes, batch, activation, regression)
        yield name, wanted, program, lambda s=sizes, a=activation: torch_dense(s, a), (sizes, activation), x, x, t, batch, regression, steps
    t, pictures = random.integers(0, 10, 1440), x64.reshape(-1, 8, 8, 1)
    yield (
        "small CNN, batch 32",
        3,
        convolutional(32),
        torch_convolutional,
        None,
        pictures,
        pictures.transpose(0, 3, 1, 2),
        t,
        32,
        False,
        1000,
    )


def compare(rounds: int) -> None:
    """Milliseconds of CPU for a step of each, in turns; JAX and PyTorch where they are installed."""
    lend("torch")
    lend("jax")
    print(f"{'CPU ms of a step':24}{'tape':>9}{'eager':>9}{'fused':>9}{'JAX':>9}{'ratios':>24}")
    for name, wanted, program, network, shape, x, theirs, t, batch, regression, steps in cases():
        state, data = program.start(0, len(x)), program.data(x=x, t=t)
        makers = {
            "PyTorch eager": partial(torch_steps, network, theirs, t, batch, regression),
            "PyTorch fused": partial(torch_steps, network, theirs, t, batch, regression, fused=True),
        }
        if shape:
            makers["JAX jit and scan"] = partial(jax_steps, *shape, x, t, batch, regression)
        runs = {"tape": lambda n, state=state, data=data, program=program: program.train(state, data, n)}
        for what, make in makers.items():
            try:
                runs[what] = make()
            except ModuleNotFoundError as error:
                print(f"  {what} is missing: {error}")
        few = {what: steps if what == "tape" or what.startswith("JAX") else max(20, steps // (4 * wanted)) for what in runs}
        for what, run in runs.items():
            run(few[what])
        found: dict[str, list[float]] = {what: [] for what in runs}
        for _ in range(rounds):
            for what, run in runs.items():
                began = process_time()
                run(few[what])
                found[what].append((process_time() - began) / few[what] * 1e3)
        took = {what: median(times) for what, times in found.items()}
        ours = took.pop("tape")
        row(f"{name}: a training step", "ms", ours, f"{wanted} times eager", **took)
        print(
            f"{name:24}{ours:9.4f}"
            + "".join(f"{v:9.4f}" for v in took.values())
            + "   "
            + " ".join(f"{v / ours:7.2f}" for v in took.values()),
            flush=True,
        )


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
