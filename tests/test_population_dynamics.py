"""A population connected to itself: rates against the asked-for equations, clamps, kicks, and systems that people write."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import LabError
from lab.models.networks.population_dynamics import PopulationDynamics as Model


def test_decoded_slopes_are_those_of_the_system():
    for system, within in (("two resting points", 0.5), ("oscillator", 0.6), ("own", 1.5)):
        model = Model(system=system, neurons=800, regularisation=0.02)
        built = model.build(0)
        inside = built.points[np.linalg.norm(built.points, axis=1) < 0.9][:200]
        assert np.abs(model._decoded(built, inside) - model.slope(inside)).max() < within


def test_rates_of_many_neurons_follow_the_exact_rotation():
    model = Model(system="oscillator", spiking=False, neurons=1000, input_size=0.0, regularisation=0.01, dt=0.5)
    x = run(model, steps=model.steps_for(2.0), record={"value": 1})["value"]
    turn = np.unwrap(np.arctan2(x[:, 1], x[:, 0]))
    assert (turn[-1] - turn[1000]) / (2.0 * np.pi) == pytest.approx(1.5, rel=0.02)


def test_a_clamped_value_stays_and_is_released():
    simulation = Simulation(Model(clamp=True, clamp_x=-0.6, input_size=0.0))
    simulation.advance(1000)
    assert simulation.state["value"][0] == pytest.approx(-0.6, abs=0.05)
    simulation.change(clamp=False)
    simulation.advance(500)
    assert simulation.state["said"][0] == pytest.approx(-0.6, abs=0.12)


def test_a_kick_over_the_hill_changes_sides():
    simulation = Simulation(Model(system="two resting points", input_size=0.0))
    simulation.act("put", x=0.8, y=0.0)
    simulation.advance(500)
    assert simulation.state["said"][0] > 0.6
    simulation.act("kick", size=-1.2)
    simulation.advance(1500)
    assert simulation.state["said"][0] < -0.6


def test_a_system_that_cannot_be_read_is_refused_with_the_place():
    with pytest.raises(LabError, match=r"own_y: .*»q«"):
        Model(system="own", own_y="x + q")
    with pytest.raises(LabError, match="must be finite"):
        Simulation(Model(system="own", own_x="1 / (x - x)"))


def test_an_integrator_driven_by_a_drawn_curve_or_a_recording_shows_its_integral(tmp_path):
    model = Model(drive="drawn", neurons=400)
    result = run(model, steps=2000, record={"value": 1, "input": 1})
    t, u = np.arange(1, 2001) * 1e-3, result["input"]
    assert u[499] == pytest.approx(1.0, abs=0.01) and u[1499] == pytest.approx(-1.0, abs=0.01)
    assert np.abs(result["value"][:, 0] - np.cumsum(u) * 1e-3)[300:].max() < 0.15
    path = tmp_path / "drive.csv"
    path.write_text("t (s),u\n" + "\n".join(f"{a:.3f},{b:.6f}" for a, b in zip(t[::10], u[::10], strict=True)))
    read = run(Model(drive="file", file=str(path), neurons=400), steps=500, record={"input": 1})["input"]
    assert read[200] > 0.3
    with pytest.raises(LabError, match="needs a file"):
        Simulation(Model(drive="file"))
