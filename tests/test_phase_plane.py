"""Kinds of fixed points against linear systems whose kinds are known, and the table of them beside the phase plane."""

from __future__ import annotations

import numpy as np
import pytest

from lab import catalog
from lab.cells.phase_plane import Equilibrium, hopf_points, hopf_voltages, jacobian, jacobians
from lab.engine.simulation import Simulation


def point(matrix) -> Equilibrium:
    return Equilibrium(np.zeros(len(matrix)), np.linalg.eigvals(np.array(matrix, float)))


@pytest.mark.parametrize(
    "matrix, kind",
    [
        ([[-1, 0], [0, -3]], "stable node"),
        ([[-0.1, 2], [-2, -0.1]], "stable focus"),
        ([[1, 0], [0, -3]], "saddle"),
        ([[0.1, 2], [-2, 0.1]], "unstable focus"),
        ([[1, 0], [0, 3]], "unstable node"),
        ([[-0.1, 2, 0], [-2, -0.1, 0], [0, 0, -0.01]], "stable node"),  # what is left in the end is not the oscillation
        ([[0.1, 2, 0], [-2, 0.1, 0], [0, 0, -5]], "unstable focus"),
    ],
)
def test_linear_systems_are_of_the_kind_they_were_made_to_be(matrix, kind):
    assert point(matrix).kind == kind
    assert point(matrix).stable == kind.startswith("stable")


def test_the_spectrum_names_each_eigenvalue_once_with_the_slowest_first():
    assert point([[-0.1, 2, 0], [-2, -0.1, 0], [0, 0, -5]]).spectrum == "−0.1 ± 2i, −5"


def test_linearisations_at_many_points_are_those_at_each():
    cell = catalog.load("hodgkin-huxley")()
    points = cell.steady(np.array([-70.0, -55.0, 0.0]))
    currents = np.array([0.0, 10.0, 50.0])
    many = jacobians(cell, points, currents)
    for k in range(3):
        np.testing.assert_allclose(many[k], jacobian(cell, points[:, k], currents[k]), rtol=1e-12)


def test_at_a_hopf_point_a_pair_of_eigenvalues_is_imaginary():
    for name in ("hodgkin-huxley", "morris-lecar", "fitzhugh-nagumo"):
        cell = catalog.load(name)()
        V = hopf_voltages(cell)
        assert len(V) == len(hopf_points(cell)) == 2
        for v, current in zip(V, [float(i) for i in sorted(hopf_points(cell))], strict=True):
            values = np.linalg.eigvals(jacobian(cell, cell.steady(np.array([v]))[:, 0], current))
            pair = values[np.abs(values.imag) > 1e-6]
            assert len(pair) == 2 and np.abs(pair.real).max() < 1e-6


def test_the_table_lists_three_fixed_points_where_rest_and_firing_coexist():
    kind = catalog.load("morris-lecar")
    simulation = Simulation(kind(**kind.presets["Saddle loop: rest and firing side by side"]))
    simulation.advance(10)
    rows = simulation.observe("fixed_points")
    assert [row["kind"] for row in rows] == ["stable node", "saddle", "stable focus"]
    assert [row["V (mV)"] for row in rows] == sorted(row["V (mV)"] for row in rows)
    assert rows[2]["eigenvalues (1/ms)"].endswith("i")


def test_the_table_follows_the_current():
    simulation = Simulation(catalog.load("hodgkin-huxley")(current=9.0))
    simulation.advance(10)
    assert simulation.observe("fixed_points")[0]["kind"] == "stable focus"
    simulation.change(current=11.0)
    simulation.advance(1)
    assert simulation.observe("fixed_points")[0]["kind"] == "unstable focus"


def test_a_clamped_membrane_has_no_equilibria_of_its_own():
    simulation = Simulation(catalog.load("hodgkin-huxley")(mode="voltage clamp"))
    simulation.advance(10)
    assert simulation.observe("fixed_points") == [] and simulation.observe("equilibria").shape == (3, 0)
