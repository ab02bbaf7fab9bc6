"""Ion balance of a membrane with a pump."""

import numpy as np

from lab.engine import simulation as engine
from lab.models.neurons.membrane_pump import VALENCE, MembranePump, ghk, nernst


def test_ghk_of_one_permeable_ion_is_its_nernst_potential():
    inside, outside = np.array([12.0, 140.0, 8.0]), np.array([145.0, 4.0, 110.0])
    for k in range(3):
        p = np.zeros(3)
        p[k] = 1.0
        assert abs(ghk(p, inside, outside, 37.0) - nernst(VALENCE[k], outside[k], inside[k], 37.0)) < 1e-12


def test_ions_are_conserved_between_the_compartments():
    model = MembranePump(ratio=5.0)
    result = engine.run(model, steps=5000, record={})
    first = model.start(None, 0)
    for now, then in zip(result.state["inside"] + 5.0 * result.state["outside"], first["inside"] + 5.0 * first["outside"]):
        assert abs(now - then) < 1e-9 * then


def test_pump_keeps_the_gradients_and_without_it_the_potential_falls():
    kept = engine.run(MembranePump(), steps=20_000, record={})
    lost = engine.run(MembranePump(pump=0.0), steps=20_000, record={})
    assert kept.state["V"][0] < -50 and lost.state["inside"][0] > 2 * kept.state["inside"][0]


def test_opening_sodium_channels_of_a_resting_cell_depolarises_it_at_once():
    simulation = engine.Simulation(MembranePump())
    simulation.advance(100)
    before = simulation.state["V"][0]
    simulation.change(P_Na=50.0)
    simulation.advance(1)
    assert simulation.state["V"][0] > before + 60
