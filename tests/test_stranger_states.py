"""A checkpoint of a stranger: whatever stands in it, no kernel reads beyond its arrays or goes on for ever."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import lab
from lab import catalog
from lab.__main__ import main
from lab.engine import faults
from lab.engine.recording import restore_point
from lab.engine.simulation import Checkpoint, Simulation
from lab.errors import DivergenceError, FaultError, LabError, StateError
from lab.params import bounds
from lab.params.bounds import Bound, index, index_or_none
from lab.session import Session
from tests.conftest import SKETCHES


def shapes(**arrays: np.ndarray) -> dict:
    return bounds.shapes(arrays)


@pytest.mark.parametrize(("array", "bound", "said"), [
    (np.array([0, 7]), index(7), r"'a\[1\]' is 7 and may be at most 6"),
    (np.array([-1, 3]), index(7), r"'a\[0\]' is -1 and may be at least 0"),
    (np.array([-2]), index_or_none(7), r"'a' is -2 and may be at least -1"),
    (np.array([0, 2]), index((1, 2)), r"'a\[1\]' is 2 and may be at most 1"),
    (np.array([0, 9]), Bound(0, 9, span=8), "differ by 9 and may by at most 8"),
    (np.array([0.0, np.nan]), Bound(), r"'a\[1\]' is nan, no number"),
    (np.array([0.0, -np.inf]), Bound(), r"'a\[1\]' is -inf and may not be infinite"),
    (np.array([[1e9, 2.0]]), Bound(hi=(1.0, 3.0)), r"'a\[0, 0\]' is 1000000000 and may be at most 1"),
    (np.array([1e300, -np.inf]), Bound(hi=1.0, infinite=True), r"'a\[0\]' is 1e\+300"),
    (np.zeros((1, 4), np.uint64), Bound(), "generator 'a' holds zeros only"),
])  # fmt: skip
def test_a_value_out_of_its_bounds_is_named_with_its_place_and_limit(array, bound, said):
    with pytest.raises(StateError, match=said):
        bounds.check("It", {"a": array}, shapes(a=array), {"a": bound})


@pytest.mark.parametrize("bound", [Bound(), Bound(shape=(3,)), Bound(shape=((0, 1),))])
def test_an_array_of_another_shape_is_named(bound):
    with pytest.raises(StateError, match=r"'a' has the shape \(2,\) instead of"):
        bounds.check("It", {"a": np.zeros(2)}, shapes(a=np.zeros(4)), {"a": bound})
    for other in (np.zeros(4, np.float32), np.zeros((4, 1)), np.zeros(4, np.int64)):
        with pytest.raises(StateError, match="'a' holds"):
            bounds.check_kinds("It", {"a": other}, shapes(a=np.zeros(4)))


def test_what_is_within_its_bounds_is_taken():
    state = {
        "i": np.array([0, 6]),
        "best": np.array([np.inf, 1.0]),
        "free": np.zeros((3, 2)),
        "big": np.full(3, 1e308),
        "none": np.zeros(0),
    }
    limits = {"i": index(7), "best": Bound(hi=2.0, infinite=True), "free": Bound(shape=((0, 5), 2))}
    bounds.check("It", state, shapes(**state) | {"free": (np.dtype(float), (0, 2))}, limits)


HOLES = (
    ("rate-code", "coming", 0, -1e9),
    ("rate-code", "ends", 1, 2**40),
    ("cell-in-space", "pulses", 0, 1e9),
    ("sound-localisation", "now", 0, 1e12),
    ("sound-localisation", "phase", 0, -1e12),
    ("universal-approximation", "neurons", 0, 2**40),
    ("wired-neurons", "queue_from", 0, 2**40),
    ("spiking-network", "fired", 0, 2**30),
    ("tuning-curve", "picked", 0, 2**40),
    ("hopfield", "known", 0, 2**40),
    ("word2vec", "position", 0, 2**40),
)  # fmt: skip


@pytest.mark.parametrize(("name", "field", "place", "value"), HOLES, ids=lambda v: str(v))
def test_what_once_crashed_or_hung_the_process_is_refused(name, field, place, value):
    simulation = Simulation(catalog.load(name)(), 1)
    point = simulation.checkpoint()
    before = simulation.state[field].copy()
    point.state[field].reshape(-1)[place] = value
    with pytest.raises(StateError, match=f"checkpoint at step 0 of {name} is damaged: .*'{field}"):
        simulation.restore(point)
    assert np.array_equal(simulation.state[field], before), "a refused checkpoint leaves the simulation as it was"


def poisoned(path, field: str, value: float) -> None:
    """A session whose last checkpoint holds a value that no run reaches."""
    run = lab.run("rate-code", steps=40, seed=1)
    run.save(path)
    with Session.open(path) as session:
        point = restore_point(session.reader(), 1, 40)
        point.state[field][0] = value
        session.add_checkpoint(1, 40, point.state, {"parameters": dict(point.parameters), "done": 0})


def test_resume_says_which_run_field_value_and_limit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    poisoned("a.lab", "coming", -5.0)
    assert main(["resume", "a.lab", "--for", "10ms"]) == 2
    said = capsys.readouterr().err
    assert "step 40 of run 1 in 'a.lab' is damaged: 'coming[0]' is -5 and may be at least 0" in said and "\n" not in said.strip()


def test_parameters_of_a_checkpoint_that_do_not_fit_into_memory_are_refused(monkeypatch):
    simulation = Simulation(lab.make("hodgkin-huxley"), 0)
    monkeypatch.setattr("lab.engine.simulation.available_memory", lambda: 1_000_000)
    point = simulation.checkpoint()
    with pytest.raises(LabError, match="GB are free"):
        simulation.restore(Checkpoint(0, point.parameters | {"cells": 100_000}, point.state))
    with pytest.raises(StateError, match="a run has from 0 to"):
        simulation.restore(Checkpoint(2**61, point.parameters, point.state))


def campaign(names: list[str], *, thorough: bool, seconds: float, limit: float, **environment: str) -> dict[str, int]:
    """Counts of a campaign in a process of its own; fails with the last case where it crashed or hung."""
    command = [sys.executable, "-m", "tests.campaign.states", str(seconds), str(int(thorough)), *names]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=limit, env={**os.environ, **environment})
    lines = done.stdout.strip().splitlines()
    assert done.returncode == 0, f"{lines[-1] if lines else 'nothing'}\n{done.stderr[-3000:]}"
    assert "FAULT" not in done.stdout, "\n".join(line for line in lines if line.startswith("FAULT"))
    return eval(lines[-1].split(" ", 2)[2])


def test_extreme_values_in_every_array_of_a_state_end_in_a_sentence_or_a_run():
    found = campaign(["rate-code", "cell-in-space", "synapse", "wired-neurons", "hopfield"], thorough=False, seconds=20, limit=150)
    assert found["refused"] > 200 and found["ran"] > 100


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", catalog.names())
def test_extreme_values_at_every_place_of_every_state(name):
    print(name, campaign([name], thorough=True, seconds=60, limit=1700))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", catalog.names())
def test_extreme_values_make_no_kernel_read_beyond_its_arrays(name, tmp_path_factory):
    """Compiled with checks of every index: what would be read beyond an array without a word is an IndexError."""
    folder = tmp_path_factory.getbasetemp() / "checked kernels"
    print(name, campaign([name], thorough=False, seconds=300, limit=1700, NUMBA_BOUNDSCHECK="1", LAB_CACHE=str(folder)))


# -- faults of a model --


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """Makes model files that fail in one of their methods."""
    monkeypatch.setattr(faults, "plain", False)
    monkeypatch.setattr(catalog, "_opened", {})

    def make(method: str) -> str:
        text = (SKETCHES / "leaking_counter.py").read_text("utf-8")
        head = f"    def {method}(self"
        assert head in text
        at = text.index(head)
        end = text.index("\n", text.index(":\n", at))
        path = tmp_path / f"fails_in_{method}.py"
        path.write_text(text[:end] + "\n        raise ValueError('inner\\nwords')" + text[end:])
        return str(path)

    return make


@pytest.mark.parametrize("method", ["start", "advance", "observe", "summary"])
def test_what_a_model_raises_without_meaning_it_becomes_one_sentence(faulty, method, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = faulty(method)
    assert main(["run", name, "--for", "20steps", "-o", "a.lab", "--quiet"]) == 2
    said = capsys.readouterr().err.strip()
    assert "a fault of the program while it" in said and "ValueError: inner words" in said and "report" in said
    assert "\n" not in said and "Traceback" not in said


def test_where_faults_are_looked_for_they_are_seen_as_they_are(faulty, monkeypatch):
    kind = catalog.given(faulty("advance"))
    with pytest.raises(FaultError):
        Simulation(kind()).advance(1)
    monkeypatch.setattr(faults, "plain", True)
    with pytest.raises(ValueError, match="inner"):
        Simulation(kind()).advance(1)


def test_any_other_fault_of_a_command_is_a_sentence_too(monkeypatch, capsys):
    monkeypatch.setattr(faults, "plain", False)
    monkeypatch.setattr("lab.commands.catalogue.catalog.entries", lambda *a, **k: 1 / 0)
    assert main(["list"]) == 1
    assert "a fault of the program (ZeroDivisionError" in capsys.readouterr().err


def test_a_training_that_diverges_in_its_first_minibatch_says_so_while_its_rate_is_looked_at():
    simulation = Simulation(lab.make("mlp", hidden="2", data="iris"), 0)
    simulation.state["parameters"][:] = 1e38
    with pytest.raises(DivergenceError):
        simulation.advance(1, ["rate"])
