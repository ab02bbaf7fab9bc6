"""The Python face: what `lab.run` makes of its arguments."""

from __future__ import annotations

import inspect

import pytest

import lab
from lab import catalog
from lab.errors import LabError, ParameterError
from lab.model import Happened

ARGUMENTS = set(inspect.signature(lab.run).parameters) - {"name", "parameters", "progress"}


def test_a_parameter_may_be_named_like_an_argument():
    run = lab.run("mlp", schedule="cosine", steps=3, hidden="4", epochs=1)
    assert run.experiment.parameters["schedule"] == "cosine" and run.steps == 3
    assert lab.run(lab.make("mlp", hidden="4"), schedule="cosine", steps=2).model.schedule == "cosine"
    curve = lab.run("tuning-curve", neuron="leaky-integrate-and-fire", points=3, duration=300.0)
    assert curve.model.duration == 300.0 and curve.steps == 100, "the transient of 200 ms and the measured time"


def test_steps_of_a_training_that_counts_in_steps_are_its_whole_length():
    run = lab.run("gpt", steps=3, blocks=1, width=8, heads=1, context=8, evaluate=0.0)
    assert run.steps == run.model.steps == 3


def test_a_list_is_still_the_schedule_of_the_run():
    run = lab.run("mlp", hidden="4", epochs=1, steps=4, schedule=[Happened(2, "change", "", {"rate": 0.5})])
    assert run.model.rate == 0.5 and run.log[0].step == 2


def test_wrong_values_are_refused_in_words():
    with pytest.raises(ParameterError, match=r"schedule: must be one of"):
        lab.run("mlp", schedule="zigzag", steps=1)
    with pytest.raises(LabError, match="schedule must be a list"):
        lab.run("synapse", schedule="cosine", steps=1)
    with pytest.raises(LabError, match="record must name streams"):
        lab.run("synapse", record=3, steps=1)
    with pytest.raises(LabError, match="duration must be a number of ms"):
        lab.run("synapse", duration="60ms")


def test_every_parameter_that_is_named_like_an_argument_is_taken_care_of():
    clashes = {name for kind in map(catalog.load, catalog.names()) for name in set(kind.specs()) & ARGUMENTS}
    assert clashes <= {"duration", "schedule", "steps"}, "lab.run must say which of the two is meant"


def test_of_a_part_of_a_stream_only_that_part_is_read(tmp_path, monkeypatch):
    from lab.session import SessionReader

    path = tmp_path / "a.lab"
    whole = lab.run("leaky-integrate-and-fire", current=3.0, steps=4000, record={"V": 1, "spikes": 1, "measured": 1000})
    whole.save(path)
    asked = []
    for form in ("samples", "events", "snapshots"):
        read = getattr(SessionReader, form)
        monkeypatch.setattr(
            SessionReader,
            form,
            lambda self, run, name, a=None, b=None, read=read: asked.append((name, a, b)) or read(self, run, name, a, b),
        )
    run, dt = lab.load(path), whole.model.clock.dt
    V = run.recorded("V", 0.1, 0.3)
    assert [round(t / dt) for t in V.time] == list(range(round(0.1 / dt), round(0.3 / dt)))
    assert V.values.tobytes() == whole["V"][round(0.1 / dt) - 1 : round(0.3 / dt) - 1].tobytes()
    end = 4000 * dt
    spikes = run.recorded("spikes", end / 4, end / 2)
    kept = (whole["spikes"] >= end / 4) & (whole["spikes"] < end / 2)
    assert spikes.time.tobytes() == whole["spikes"][kept].tobytes() and len(spikes.index) == kept.sum()
    assert [round(t / dt) for t in run.recorded("measured", 1500 * dt, None).time] == [2000, 3000, 4000]
    assert asked == [("V", round(0.1 / dt) - 2, round(0.3 / dt) + 2), ("spikes", 998, 2002), ("measured", 1498, None)]
    assert whole.recorded("V", 0.1, 0.3).values.tobytes() == V.values.tobytes(), "the same of a run in memory"
    with pytest.raises(lab.errors.LabError, match="begins before it ends"):
        run.recorded("V", 2.0, 1.0)


def test_a_part_of_a_stream_is_exported(tmp_path, monkeypatch, capsys):
    from lab.__main__ import main

    monkeypatch.chdir(tmp_path)
    lab.run("membrane-pump", steps=50, record={"V": 1}).save("a.lab")
    dt = lab.make("membrane-pump").clock.dt
    assert main(["export", "a.lab", "V", "--from", str(10 * dt), "--until", str(20 * dt)]) == 0
    heading, *rows = capsys.readouterr().out.strip().splitlines()
    assert heading.startswith("time (") and [round(float(row.split(",")[0]) / dt) for row in rows] == list(range(10, 20))
    assert main(["export", "a.lab", "--all", "--from", "1"]) == 2
