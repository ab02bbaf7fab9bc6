"""The training steps of `networks.py`, attacks and adversarial games with both cores given to everybody: milliseconds on the clock.

Run: python benchmarks/two_cores.py [rounds] [names], on a machine that does nothing else. Everybody takes turns in one run; of us and of PyTorch
the better of one and two threads counts (small products are often quicker on one), XLA has all cores. Medians. What `networks.py` and the
others measure is the processor time of one thread; here it is what a person waits for.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1")

import sys
import warnings
from statistics import median
from time import perf_counter

import generative
import networks
import robust
from peer import lend, row

JAX = {  # which of the cases JAX has, and steps of it in a round
    "GAN 64-64, D and G": (lambda: generative.jax_steps("generative-adversarial-network"), 60),
    "VAE 64-128-8-128-64": (lambda: generative.jax_steps("variational-autoencoder"), 60),
    "TRADES, 10 inner steps": (lambda: robust.jax_jit("TRADES, 10 inner steps"), 20),
    "PGD-40 on 64 digits": (lambda: robust.jax_jit("PGD-40"), 10),
}


def clock(run, n: int) -> float:
    began = perf_counter()
    run(n)
    return (perf_counter() - began) / n * 1e3


def on_threads(run, n: int):
    """A call of PyTorch with so many threads."""

    def asked(steps: int) -> None:
        import torch

        torch.set_num_threads(n)
        run(steps)

    return asked


def lab_on(run, n: int):
    """Our own with one thread, or with a helper."""

    def asked(steps: int) -> None:
        os.environ["NUMBA_NUM_THREADS"] = str(n)
        run(steps)

    return asked


def main(rounds: int, names: list[str]) -> None:
    warnings.simplefilter("ignore")
    lend("torch")
    lend("jax")
    os.environ.pop("XLA_FLAGS", None)  # which the imports above have set for one thread
    print(f"{'ms per step':30}{'lab 1':>9}{'lab 2':>9}{'torch 1':>9}{'torch 2':>9}{'JAX':>9}{'ratio':>8}{'to JAX':>8}")
    for name, make, make_theirs, few, fewer in networks.cases():
        if names and not any(part.lower() in name.lower() for part in names):
            continue
        mine, eager = make(), make_theirs()
        runs = {
            "lab 1": (lab_on(mine, 1), few), "lab 2": (lab_on(mine, 2), few),
            "torch 1": (on_threads(eager, 1), fewer), "torch 2": (on_threads(eager, 2), fewer),
        }  # fmt: skip
        if name in JAX:
            try:
                runs["JAX"] = (JAX[name][0](), JAX[name][1])
            except Exception as error:  # any reason is one: the others are measured all the same
                print(f"  JAX is missing: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:90]}", flush=True)
        for run, n in runs.values():
            run(n)
        found: dict[str, list[float]] = {what: [] for what in runs}
        for _ in range(rounds):
            for what, (run, n) in runs.items():
                found[what].append(clock(run, n))
        times = {what: median(measured) for what, measured in found.items()}
        ours, theirs = min(times["lab 1"], times["lab 2"]), min(times["torch 1"], times["torch 2"])
        row(f"{name}: a step", "ms", ours, **{"PyTorch eager": theirs}, **{what: t for what, t in times.items() if what == "JAX"})
        shown = "".join(f"{times[what]:9.3f}" if what in times else f"{'-':>9}" for what in ("lab 1", "lab 2", "torch 1", "torch 2", "JAX"))
        print(f"{name:30}{shown}{theirs / ours:8.2f}" + (f"{times['JAX'] / ours:8.2f}" if "JAX" in times else ""), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9, sys.argv[2:])
