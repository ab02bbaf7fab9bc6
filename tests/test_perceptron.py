"""One neuron and its line."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.models.networks.perceptron import SEPARABLE, XOR, Perceptron, margin


def test_margin_of_two_points_is_known():
    # w = (0, 1, 0) up to length separates (1, 0) and (-1, 0) with margin 1.
    assert margin(np.array([(1.0, 0.0, 1), (-1.0, 0.0, 0)])) == pytest.approx(1.0, abs=1e-6)


def test_separable_points_are_separated_and_then_nothing_changes():
    result = engine.run(Perceptron(), steps=500, record={})
    assert result.summary["verdict"] == "separated"
    more = engine.run(Perceptron(), steps=1000, record={})
    assert (more.state["w"] == result.state["w"]).all()


def test_xor_never_comes_to_rest_and_the_summary_says_why():
    summary = engine.run(Perceptron(points=XOR), steps=4000, record={}).summary
    assert summary["verdict"] == "no line separates these points" and summary["wrong"] > 0


def test_a_click_adds_a_point_of_the_chosen_class():
    simulation = engine.Simulation(Perceptron(label=0))
    simulation.act("add_point", x=0.5, y=0.25)
    assert simulation.model.points == (*SEPARABLE, (0.5, 0.25, 0))


def test_too_large_a_rate_diverges_with_a_remedy():
    from lab.errors import DivergenceError

    points = tuple((x * 10, y, c) for x, y, c in SEPARABLE)
    with pytest.raises(DivergenceError, match="smaller learning rate"):
        engine.run(Perceptron(function="identity", points=points, rate=1.0), steps=5000)


def test_painting_adds_points_that_keep_a_distance():
    model = Perceptron(label=0)
    state = model.start(None, 0)
    first = model.paint_points(None, state, -1.0, -2.0)["points"]
    assert first[-1] == (-1.0, -2.0, 0) and len(first) == len(model.points) + 1
    assert model.replace(points=first).paint_points(None, state, -1.02, -2.0) is None
