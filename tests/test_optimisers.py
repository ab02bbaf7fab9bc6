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


@pytest.mark.parametrize("steps", [0, 1, KEPT - 2, KEPT - 1, KEPT, 2 * KEPT + 7])
def test_paths_end_where_the_marks_are_and_the_start_stays(steps):
    model = Optimisers(surface="ripples", noise=0.3)
    constants = model.build(0)
    state = model.start(constants, 0)
    first = state["place"][0].copy()
    rows = []
    for _ in range(steps):
        model.advance(constants, state, 1, _Nobody())
        rows.append(state["place"].copy())
    places = model.observe(constants, state, "places")
    assert np.array_equal(places[1, :2], first)
    for k in range(5):
        path = model.observe(constants, state, f"path{k}").T
        wanted = np.array([first, *(row[k] for row in rows)])[-KEPT:] if steps < KEPT else np.array([row[k] for row in rows])[1 - KEPT :]
        assert np.array_equal(path, wanted)
        assert np.array_equal(places[2 + k, :2], path[-1])


class _Nobody:
    def wanted(self, name):
        return False
