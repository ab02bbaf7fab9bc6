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


def test_every_parameter_that_is_named_like_an_argument_is_taken_care_of():
    clashes = {name for kind in map(catalog.load, catalog.names()) for name in set(kind.specs()) & ARGUMENTS}
    assert clashes <= {"duration", "schedule", "steps"}, "lab.run must say which of the two is meant"
