"""A session holds what differed from the defaults of its day: replayed by a version with others, it is still the same run."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

import lab
from lab.__main__ import main
from lab.api import record_result
from lab.engine import simulation as engine
from lab.engine.experiment import Experiment
from lab.engine.recording import experiment_of
from lab.session import Session, SessionReader


@pytest.fixture
def earlier(tmp_path):
    """A run made with other values, in a file that names none of them: as if they had been the defaults then."""
    record = {"V": 3, "spikes": 1}
    result = engine.run(lab.make("izhikevich", a=0.1), steps=2000, seed=4, record=record)
    path = tmp_path / "earlier.lab"
    with Session.create(path) as session:
        record_result(session, Experiment("izhikevich", {}, 4, 2000), result)
    return path


def test_parameters_come_from_the_first_checkpoint(earlier):
    with SessionReader(earlier) as reader:
        (info,) = reader.runs()
        assert "a" not in info.experiment["parameters"]
        assert experiment_of(reader, info).parameters["a"] == 0.1
    assert lab.load(earlier).model.a == 0.1


def test_it_replays_with_the_recorded_streams_to_the_same_bytes(earlier, tmp_path):
    assert main(["run", str(earlier), "-o", str(tmp_path / "again.lab"), "--quiet"]) == 0
    first, again = lab.load(earlier), lab.load(tmp_path / "again.lab")
    assert first["V"].tobytes() == again["V"].tobytes() and len(first["V"]) == 2000 // 3
    np.testing.assert_array_equal(first["spikes"], again["spikes"])


def test_a_damaged_first_checkpoint_is_not_believed(earlier):
    with sqlite3.connect(earlier) as db:
        db.execute("UPDATE checkpoints SET meta=replace(meta, '0.1', '0.9')")
    db.close()
    with SessionReader(earlier) as reader:
        (info,) = reader.runs()
        assert reader.began_with(info.id) is None
        assert "a" not in experiment_of(reader, info).parameters


def test_what_another_parameter_did_before_there_was_this_one_is_done_as_then(tmp_path, monkeypatch):
    """RMSprop shared the memory of Adam once: a file of that time names that memory alone, and means both."""
    then = lab.make("optimisers", beta2=0.99, rms_memory=0.99)
    result = engine.run(then, steps=40, seed=2, record={"loss": 1})
    add = Session.add_checkpoint

    def of_then(self, run, step, state, meta, **more):
        parameters = {name: value for name, value in meta["parameters"].items() if name != "rms_memory"}
        return add(self, run, step, state, meta | {"parameters": parameters}, **more)

    path = tmp_path / "then.lab"
    with monkeypatch.context() as patched, Session.create(path) as session:
        patched.setattr(Session, "add_checkpoint", of_then)
        record_result(session, Experiment("optimisers", {"beta2": 0.99}, 2, 40), result)
    assert lab.load(path).model.rms_memory == 0.99
    assert main(["run", str(path), "-o", str(tmp_path / "again.lab"), "--quiet"]) == 0
    assert lab.load(tmp_path / "again.lab")["loss"].tobytes() == result["loss"].tobytes()
    assert main(["resume", str(path), "--for", "40 steps", "--quiet"]) == 0
    assert lab.load(path)["loss"].tobytes() == engine.run(then, steps=80, seed=2, record={"loss": 1})["loss"].tobytes()
