"""Ensembles against Nengo, which runs in an interpreter of its own; skipped without it.

It is looked for in the folder that LAB_PEERS names, else in .peers beside the tests' folder: nengo/bin/python.
"""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lab.spiking.coding.decoders import regularised
from lab.spiking.coding.populations import Population, gain_and_bias

ROOT = Path(__file__).resolve().parent.parent


@cache
def ask(*arguments: str) -> dict:
    place = Path(os.environ.get("LAB_PEERS") or ROOT / ".peers") / "nengo"
    python = next((p for p in (place / "bin" / "python", place / "Scripts" / "python.exe") if p.exists()), None)
    if python is None:
        pytest.skip(f"nengo is not installed in {place}")
    script = ROOT / "benchmarks" / "peers" / "nengo_ensembles.py"
    done = subprocess.run([str(python), str(script), *arguments], capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def theirs(function: str = "product") -> tuple[dict, Population]:
    found = ask("--decoders", "--neurons", "60", "--seed", "3", "--function", function)
    gain, bias = gain_and_bias("LIF", np.array(found["rates"]), np.array(found["intercepts"]))
    return found, Population("LIF", np.array(found["encoders"]) / found["radius"], gain, bias)


def test_gains_and_biases_follow_from_the_same_rates_and_intercepts():
    found, of = theirs()
    np.testing.assert_allclose(of.gain, found["gain"], rtol=1e-12)
    np.testing.assert_allclose(of.bias, found["bias"], rtol=1e-12, atol=1e-12)


def test_rates_agree():
    found, of = theirs()
    np.testing.assert_allclose(of.rates(np.array(found["at"])), found["fired"], rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("function", ["product", "square", "value"])
def test_decoders_of_the_same_points_agree(function):
    found, of = theirs(function)
    x = np.array(found["points"])
    T = {"product": x[:, :1] * x[:, 1:], "square": x**2, "value": x}[function]
    ours = regularised(of.rates(x), T, 0.1)
    np.testing.assert_allclose(ours, found["decoders"], rtol=1e-7, atol=1e-12)
