"""A network that follows two surfaces over the unit square."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.models.networks.surface_approximation import SurfaceApproximation, floor, grid


@pytest.mark.parametrize("figure", [f for f in SurfaceApproximation.figures() if not f.slow], ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def test_the_best_polynomial_of_a_polynomial_is_itself_and_of_a_product_the_plane_misses_by_one():
    points = grid()[::37]
    x, y = (2 * points - 1).T
    assert floor(3 * x * y - y**2 + 1, points, 2) < 1e-9
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert floor(np.array([1.0, -1.0, -1.0, 1.0]), corners, 1) == pytest.approx(1.0)


def test_the_error_is_the_same_however_the_run_is_cut():
    whole, pieces = (Simulation(SurfaceApproximation(width=4), 1) for _ in range(2))
    row = whole.advance(50, ["error"]).samples["error"].copy()
    cut = np.concatenate([pieces.advance(n, ["error"]).samples["error"].copy() for n in (1, 7, 13, 2, 27)])
    np.testing.assert_array_equal(row, cut)


def test_pictures_have_y_upward_and_one_tile_for_each_function():
    result = run(SurfaceApproximation(width=4, surface="saddle and ridge"), steps=0)
    target = result.observe("target")
    assert target.shape == (2, 48, 48) and target[0, 0, -1] == pytest.approx(1.0) and target[1, 0, -1] > 0.9 > -0.9 > target[1, -1, 0]
