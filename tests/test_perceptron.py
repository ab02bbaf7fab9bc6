"""One neuron and its line."""

import numpy as np
import pytest

from lab.engine import simulation as engine
from lab.models.networks.perceptron import OVERLAP, SEPARABLE, XOR, Perceptron, likeliest, margin


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


def test_one_logistic_output_descends_on_the_mean_cross_entropy_of_all_points():
    model = Perceptron(function="logistic", points=OVERLAP, rate=1.0)
    result = engine.run(model, steps=4000, seed=0, record={"error": 1})
    assert (np.diff(result["error"]) <= 1e-12).all(), "of all points at once it only falls"
    summary = result.summary
    assert summary["difference to the least"] < 1e-3 and summary["cross-entropy (nats)"] == pytest.approx(result["error"][-1], abs=1e-6)
    rows = result.simulation.observe("costs")
    cost = "-t ln y - (1 - t) ln(1 - y)"
    assert np.mean([float(row[cost]) for row in rows[1:]]) == pytest.approx(float(rows[0][cost]), abs=1e-5)


def test_points_that_a_line_separates_have_no_least_cross_entropy():
    result = engine.run(Perceptron(function="logistic"), steps=50, seed=0, record={})
    assert result.summary["verdict"].startswith("a line separates") and likeliest(Perceptron().table) is None
