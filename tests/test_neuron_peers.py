"""The Hodgkin-Huxley neuron against NEURON and Brian2, which run in interpreters of their own; skipped without them.

They are looked for in the folder that LAB_PEERS names, else in .peers beside the tests' folder: neuron/bin/python and so on.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lab.engine.simulation import run
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley

ROOT = Path(__file__).resolve().parent.parent


def ask(name: str, script: str, *arguments: str) -> dict:
    place = Path(os.environ.get("LAB_PEERS") or ROOT / ".peers") / name
    python = next((p for p in (place / "bin" / "python", place / "Scripts" / "python.exe") if p.exists()), None)
    if python is None:
        pytest.skip(f"{name} is not installed in {place}")
    done = subprocess.run(
        [str(python), str(ROOT / "benchmarks" / "peers" / script), *arguments], capture_output=True, text=True, timeout=170
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def ours(current: float, duration: float, dt: float = 0.005) -> np.ndarray:
    cell = HodgkinHuxley(current=current, dt=dt)
    return run(cell, cell.steps_for(duration), record=["spikes"])["spikes"]


@pytest.mark.parametrize("current", [7.0, 10.0, 40.0])
def test_spike_times_agree_with_neuron_s_variable_step(current):
    found = ask("neuron", "hodgkin_huxley_neuron.py", "--tolerance", "1e-7", "--duration", "120", "--current", str(current))
    expected = ours(current, 120.0)
    assert len(expected) == found["spikes"] > 5
    np.testing.assert_allclose(expected, found["times"][: len(expected)], rtol=0, atol=3e-3)


def test_at_the_same_step_the_interval_is_no_further_off_than_neuron_s_second_order_method():
    found = ask("neuron", "hodgkin_huxley_neuron.py", "--dt", "0.025", "--duration", "3000")
    times = ours(10.0, 3000.0, 0.025)
    times = times[times > 500.0]
    error = 100.0 * ((times[-1] - times[0]) / (len(times) - 1) / 14.63620999 - 1.0)
    assert abs(error) < abs(found["error"]) < 0.02


@pytest.mark.long
def test_spike_times_agree_with_brian2_s_fourth_order_method():
    found = ask("brian2", "hodgkin_huxley_brian2.py", "--numpy", "--cells", "1", "--duration", "40", "--dt", "0.01")
    times = ours(10.0, 40.0)
    assert len(times) == found["spikes"] == 3
    # Brian2 dates a spike to the start of the step in which V crosses: up to one step early, never late.
    early = times - np.array(found["times"])
    assert np.all(early > -1e-3) and np.all(early < 0.01 + 1e-3)
