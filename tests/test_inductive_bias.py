"""Dense against convolutional on moved digits: what was moved, that neither disturbs the other, both figures."""

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.models.learning.inductive_bias import OTHER, _scattered
from lab.units import number

Model = catalog.load("inductive-bias")


def test_each_picture_is_moved_by_its_own_number_of_pixels_and_loses_nothing_inside():
    x = np.zeros((500, 64), np.float32)
    x[:, 27] = 1.0  # row 3, column 3
    moved = _scattered(x, (8, 8), 2, np.random.default_rng(0)).reshape(-1, 8, 8)
    assert (moved.sum((1, 2)) == 1).all()
    places = np.argwhere(moved)[:, 1:]
    assert places.min() == 1 and places.max() == 5 and len(np.unique(places, axis=0)) == 25
    assert (_scattered(x, (8, 8), 0, np.random.default_rng(0)) == x).all()


def test_only_the_test_part_is_moved_where_asked_and_the_seed_decides():
    still = Simulation(Model(moved=0, training=False), 3).constants.material
    tested = Simulation(Model(training=False), 3).constants.material
    both = Simulation(Model(), 3).constants.material
    assert (tested.x == still.x).all() and not (tested.test_x == still.test_x).all() and not (both.x == still.x).all()
    assert (Simulation(Model(), 3).constants.material.x == both.x).all()


def test_the_dense_network_learns_to_the_same_bytes_with_or_without_the_other_beside_it():
    class Alone(Model):
        name = "alone"

        @property
        def objectives(self):
            return super().objectives[:1]

    found = []
    for kind in (Model, Alone):
        s = Simulation(kind(evaluate=0.0), 1)
        s.advance(60)
        found.append({k: v.copy() for k, v in s.constants.program.parameters(s.state).items()})
    assert all((found[0][k] == v).all() for k, v in found[1].items() if not k.startswith(OTHER))
    assert any((found[0][k] != v).any() for k, v in found[1].items() if k.startswith(OTHER))


def test_the_convolutional_network_wins_and_the_curve_agrees_with_the_scores():
    result = run(Model(epochs=12, moved=1, evaluate=12.0), seed=0, record={})
    assert result.summary["gap"] > 0.05
    curve = result.simulation.observe("by move")
    assert curve[0].tolist() == [0, 1, 2, 3, 4] and (curve[2, :2] > curve[1, :2]).all() and curve[2, 0] > curve[2, 3]
    assert len(result.simulation.observe("answers")) == len(result.simulation.observe("seen")) == 24


def test_parameters_are_counted():
    summary = Simulation(Model(), 0).summary()
    assert (summary["parameters, dense"], summary["parameters, convolutional"]) == (1885, 1898)
    rows = Simulation(Model(), 0).observe("counted")
    assert rows[2]["numbers"] == number(806_354_944)


def test_data_without_pictures_are_refused():
    with pytest.raises(ParameterError, match="pictures with classes"):
        Model(data="iris")
