"""A wire that computes: factors against the full matrix, typed functions, and what stands in the pictures."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import LabError
from lab.models.networks.population_transformation import PopulationTransformation as Model


def test_spikes_of_b_carry_the_function_of_what_a_holds():
    result = run(Model(drive="by hand", x=0.8, y=-0.5), steps=3000, record={"result": 1, "values": 1})
    assert abs(result["result"][1000:, 1].mean() - -0.4) < 0.05
    np.testing.assert_allclose(result["values"][1000:, 2:].mean(axis=0), [0.8, -0.5], atol=0.06)


def test_the_form_may_change_while_it_runs_and_nothing_jumps():
    simulation = Simulation(Model(drive="by hand", x=0.6, y=0.6))
    simulation.advance(1500)
    before = simulation.state["heard"][3]
    simulation.change(form="full matrix")
    simulation.advance(30)
    assert abs(simulation.state["heard"][3] - before) < 0.1


def test_the_full_matrix_has_rank_one():
    built = Model(neurons=40, second=30).build(0)
    assert np.linalg.matrix_rank(built.weights) == 1
    np.testing.assert_allclose(built.weights, np.outer(built.D[:, 0], built.B.encoders[:, 0] * built.B.gain))


def test_another_function_changes_the_decoders_and_not_the_spikes_of_a():
    one, other = (run(Model(function=f), steps=400, record={"spikes": 1}).recorded("spikes") for f in ("x y", "x^2"))
    of_A = [r.time[r.index < 200] for r in (one, other)]
    np.testing.assert_array_equal(*of_A)


def test_walk_through_the_matrices_multiplies_out():
    simulation = Simulation(Model(neurons=10, second=8, drive="by hand"))
    simulation.advance(10)
    walk = {m["name"]: m["values"] for m in simulation.observe("walk")}
    np.testing.assert_allclose(walk["rates a"] @ walk["D"], walk["D a"])
    built = Model(neurons=10, second=8).build(0)
    np.testing.assert_allclose(walk["D a"] @ walk["E"] + built.B.bias[:8], walk["E D a + bias"])


def test_dragging_the_point_moves_the_values_by_hand():
    simulation = Simulation(Model())
    simulation.act("put", x=0.25, y=3.0)
    assert (simulation.model.drive, simulation.model.x, simulation.model.y) == ("by hand", 0.25, 1.0)


def test_functions_are_read_with_their_places():
    with pytest.raises(LabError, match=r"x \+ »z«"):
        Model(function="x + z")
    with pytest.raises(LabError, match="no finite value at x = "):
        Simulation(Model(function="1 / 0"))
