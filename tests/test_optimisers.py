"""The map on which optimisers race: minima, start and paths where they are."""

from __future__ import annotations

import numpy as np
import pytest

from lab.models.learning.optimisers import KEPT, MINIMA, SURFACES, Optimisers, ground, surface


@pytest.mark.parametrize("name", SURFACES)
def test_minima_are_where_the_surface_is_lowest(name):
    kind = SURFACES.index(name)
    for x, y in MINIMA[name]:
        value, gx, gy = surface(kind, 100.0, x, y)
        assert value == pytest.approx(0.0, abs=1e-12) and (gx, gy) == pytest.approx((0.0, 0.0), abs=1e-8)
    assert ground(kind, 100.0, 2.0)[0].min() >= 0.0


@pytest.mark.parametrize(("steps", "apart"), [(0, 1), (1, 1), (KEPT - 1, 1), (KEPT, 2), (2 * KEPT + 7, 4), (4 * KEPT, 8)])
def test_paths_are_seen_whole_from_the_start_to_the_marks(steps, apart):
    model = Optimisers(surface="ripples", noise=0.3)
    constants = model.build(0)
    state = model.start(constants, 0)
    places = [state["place"].copy()]
    for _ in range(steps):
        model.advance(constants, state, 1, _Nobody())
        places.append(state["place"].copy())
    marks = model.observe(constants, state, "places")
    assert np.array_equal(marks[1, :2], places[0][0])
    for k in range(5):
        path = model.observe(constants, state, f"path{k}").T
        wanted = [place[k] for place in places[::apart]] + ([places[-1][k]] if steps % apart else [])
        assert np.array_equal(path, np.array(wanted))
        assert np.array_equal(marks[2 + k, :2], path[-1])


class _Nobody:
    def wanted(self, name):
        return False
