"""Networks built and trained to follow a curve, and layers that collapse."""

import numpy as np
import pytest

from lab.data import sets as data
from lab.engine import simulation as engine
from lab.errors import ModelError, ParameterError
from lab.models.networks.linear_collapse import LinearCollapse, collapse
from lab.models.networks.universal_approximation import GRID, UniversalApproximation, knots


def test_bends_meet_the_curve_at_every_knot():
    f = data.FUNCTIONS["chirp"]
    at = np.arange(13) / 12
    np.testing.assert_allclose(knots(f, 12, at), f(at), atol=1e-12)


def test_a_drawn_line_is_built_exactly_by_bends_at_its_corners():
    model = UniversalApproximation(function="drawn", drawn=((0, 0), (0.25, 1), (0.5, -1), (1, 0)), width=4)
    assert engine.run(model).summary["greatest error"] < 1e-12


def test_a_point_is_not_a_curve():
    with pytest.raises(ParameterError, match="two points"):
        UniversalApproximation(drawn=((0.5, 1.0), (0.5, 2.0)))


def test_construction_is_over_when_all_neurons_are_placed():
    result = engine.run(UniversalApproximation(width=7))
    assert result.simulation.step == 7 and result.reason == "finished"
    assert np.isfinite(result.observe("network")).all() and result.observe("network").shape == (2, len(GRID))


def test_the_error_of_a_trained_network_is_the_same_however_the_run_is_cut():
    whole, pieces, dark = (engine.Simulation(UniversalApproximation(method="trained", width=4), 1) for _ in range(3))
    row = whole.advance(50, ["error"]).samples["error"].copy()
    cut = np.concatenate([pieces.advance(n, ["error"]).samples["error"].copy() for n in (1, 7, 13, 2, 27)])
    dark.advance(50, [])
    np.testing.assert_array_equal(row, cut)
    assert len(set(row)) == 3 and all(np.array_equal(whole.state[k], other.state[k]) for k in whole.state for other in (pieces, dark))


def test_collapsing_needs_linear_layers():
    simulation = engine.Simulation(LinearCollapse(activation="tanh"))
    with pytest.raises(ModelError, match="identity"):
        simulation.act("collapse_now")


def test_collapse_of_random_layers_is_exact():
    rng = np.random.default_rng(0)
    layers = [(rng.standard_normal((4, 4)), rng.standard_normal(4)) for _ in range(5)]
    W, b = collapse(layers)
    x = h = rng.standard_normal((10, 4))
    for V, c in layers:
        h = h @ V + c
    np.testing.assert_allclose(x @ W + b, h, rtol=1e-12)
