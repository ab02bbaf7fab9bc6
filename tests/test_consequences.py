"""What a change of an experiment means for the run in front, worked out without a window."""

from __future__ import annotations

import pytest

from lab import catalog
from lab.engine.experiment import Experiment
from lab.widgets.consequences import consequence, step_words


def never(*_: str) -> bool:
    raise AssertionError("only graphs are asked about")


@pytest.fixture
def change(counter):
    def made(before=None, after=None, seed=0):
        return consequence(Experiment(counter, before or {}), Experiment(counter, after or {}, seed), never)

    return made


def test_a_live_value_goes_to_the_run_and_says_what_a_new_run_would_say(change):
    found = change({"leak": 0.2}, {"leak": 0.2, "rate": 2.0})
    assert (found.way, dict(found.changed)) == ("live", {"rate": 2.0}) and found.words == "Rate 2 mV: a new run has begun."


def test_what_is_built_in_takes_a_new_run(change):
    assert (change({}, {"steps": 5}).way, change({}, {"steps": 5}).words) == ("anew", "Steps 5: a new run has begun.")
    assert change({}, {"rate": 2.0, "cells": 4}).words == "2 parameters changed: a new run has begun."


def test_another_seed_takes_a_new_run(change):
    assert (change(seed=3).way, change(seed=3).words) == ("anew", "Seed 3: a new run has begun.")
    assert change({}, {"rate": 2.0}, seed=3).way == "anew"


def test_another_graph_is_a_new_run_unless_it_only_looks_other():
    taking = catalog.takers("graph", "populations")[0]
    kind = catalog.load(taking.model)
    name = next(s.name for s in kind.specs().values() if s.kind == "graph")
    before, after = (Experiment(taking.model, kind.presets[title]) for title in list(kind.presets)[:2])
    before, after = (Experiment(taking.model, {name: getattr(e.build(), name)}) for e in (before, after))
    if before == after:
        pytest.skip("two presets of one graph")
    asked = []
    found = consequence(before, after, lambda *texts: not asked.append(texts))
    assert found.way == "nothing" and asked == [(name, getattr(before.build(), name), getattr(after.build(), name))]
    assert consequence(before, after, lambda *_: False).way == "anew" and consequence(before, after, lambda *_: False).words == ""
    assert consequence(before, Experiment(taking.model, after.parameters, 1), lambda *_: True).way == "anew"


def test_a_step_is_named_by_both_values(counter):
    kind = catalog.load(counter)
    assert step_words(kind, "rate", 1.0, 2.5) == "Rate 1 → 2.5 mV" and step_words(kind, "cells", 3, 4) == "Cells 3 → 4"
