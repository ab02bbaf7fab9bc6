"""Strength-duration curves against Lapicque's closed form and, for Hodgkin and Huxley's membrane, an adaptive solver."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import Simulation, run
from lab.errors import LabError, ParameterError
from lab.models.neurons.hodgkin_huxley import HodgkinHuxley
from lab.models.neurons.strength_duration import BREAK, StrengthDuration


def search(**values):
    return run(StrengthDuration(**values), record=[])


@pytest.mark.parametrize("figure", StrengthDuration.figures(), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def equations(t, y, current):
    """Hodgkin and Huxley's equations as the paper writes them (modern sign)."""
    V, m, h, n = y
    a_m = 0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10))
    a_n = 0.01 * (V + 55) / (1 - math.exp(-(V + 55) / 10))
    b_h = 1 / (1 + math.exp(-(V + 35) / 10))
    return [
        current - 120 * m**3 * h * (V - 50) - 36 * n**4 * (V + 77) - 0.3 * (V + 54.387),
        a_m * (1 - m) - 4 * math.exp(-(V + 65) / 18) * m,
        0.07 * math.exp(-(V + 65) / 20) * (1 - h) - b_h * h,
        a_n * (1 - n) - 0.125 * math.exp(-(V + 65) / 80) * n,
    ]


def fires(width: float, current: float, wait: float = 20.0) -> bool:
    """Whether V rises above 0 after a pulse has begun (depolarising) or has ended (hyperpolarising): DOP853."""
    from scipy.integrate import solve_ivp

    options = dict(method="DOP853", rtol=1e-10, atol=1e-11)
    during = solve_ivp(equations, (0, width), HodgkinHuxley().rest(), args=(current,), **options)
    after = solve_ivp(equations, (0, wait), during.y[:, -1], args=(0.0,), **options)
    return bool(after.y[0].max() > 0.0 or (current > 0 and during.y[0].max() > 0.0))


@pytest.mark.parametrize("polarity, shortest", [("depolarising", 0.1), (BREAK, 1.0)])
def test_thresholds_of_hodgkin_huxley_are_those_of_an_adaptive_solver(polarity, shortest):
    widths, found = search(polarity=polarity, shortest=shortest, longest=20.0, points=4).observe("threshold")
    sign = -1.0 if polarity == BREAK else 1.0
    for width, threshold in zip(widths, found, strict=True):
        assert fires(width, sign * threshold * 1.0005), f"{threshold} at {width} ms is too weak"
        assert not fires(width, sign * threshold * 0.9995), f"{threshold} at {width} ms is too strong"


def test_the_integrate_and_fire_neuron_follows_lapicque_in_both_forms():
    for settings in ("", "form=normalised", "tau_m=20, R=40, V_th=-45, dt=0.1"):
        result = search(neuron="leaky-integrate-and-fire", settings=settings, points=8, precision=1e-13)
        cell = result.model.cell()
        widths, found = result.observe("threshold")
        lapicque = (cell.V_th - cell.V_rest) / cell.gain / (1.0 - np.exp(-widths / cell.tau_m))
        np.testing.assert_allclose(found, lapicque, rtol=1e-10)


@pytest.mark.long
def test_thresholds_fall_with_duration_for_every_neuron():
    for name in catalog.names("neuron"):
        found = search(neuron=name, points=6, shortest=0.5, precision=1e-3).observe("threshold")[1]
        assert np.isfinite(found).all() and (np.diff(found) <= 1e-3 * found[:-1]).all(), name


def test_integrate_and_fire_never_fires_on_release():
    result = search(neuron="leaky-integrate-and-fire", polarity=BREAK, points=4)
    assert result.summary["threshold"] == "none within reach" and "rheobase" not in result.summary
    assert result.observe("traces").shape == (3, 0)


def test_the_anode_break_preset_fires_on_release_and_only_then():
    cell = HodgkinHuxley(**HodgkinHuxley.presets["Anode break"])
    times = run(cell, cell.steps_for(200.0), record=["spikes"])["spikes"]
    release = cell.onset + cell.width + cell.period * np.arange(2)  # again and again, so that it is seen whenever the preset is chosen
    assert len(times) == 2 and (times > release).all() and (times < release + 10.0).all()


def test_the_pulse_shown_to_fail_fails_and_the_other_succeeds():
    simulation = Simulation(StrengthDuration(points=6, longest=20.0))
    while not getattr(simulation, "over", None):
        simulation.advance(20)
    simulation.act("pick", index=2)
    time, fails, succeeds = simulation.observe("traces")
    assert fails.max() < 0.0 < succeeds.max()
    assert time[0] < 0.0 and simulation.summary()["chosen width (ms)"] == simulation.constants.widths[2]


def test_each_round_narrows_every_bracket_eightfold():
    simulation = Simulation(StrengthDuration(neuron="leaky-integrate-and-fire", points=5, shortest=5.0, longest=20.0))
    a_round = math.ceil(simulation.constants.duration / simulation.constants.cell.steps_for(2.0))
    widths = []
    for _ in range(4):
        simulation.advance(a_round)
        widths.append(simulation.state["fired"] - simulation.state["failed"])
    np.testing.assert_allclose(widths[1], widths[0] / 8.0)
    np.testing.assert_allclose(widths[3], widths[2] / 8.0)


def test_mistakes_are_explained():
    with pytest.raises(LabError, match="not of the form name=value"):
        StrengthDuration(settings="g_Na").cell()
    with pytest.raises(ParameterError, match="longest"):
        StrengthDuration(shortest=5.0, longest=5.0)
