"""The tuning curve of any neuron of the catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import Simulation, run
from lab.errors import LabError, ParameterError
from lab.models.neurons.tuning_curve import TuningCurve


@pytest.mark.parametrize("figure", TuningCurve.figures(), ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


@pytest.mark.parametrize("name", catalog.names("neuron"))
def test_every_neuron_of_the_catalogue_has_a_tuning_curve_that_rises(name):
    result = run(TuningCurve(neuron=name, points=8, duration=400.0), record=[])
    assert result.reason in ("finished", "the sweep is complete")
    currents, rates = result.observe("rates")
    assert len(currents) == 8 and rates[0] == 0.0 and rates.max() > 0.0
    assert result.observe("trace").shape[0] == 2


def test_each_point_is_the_rate_of_that_cell_run_alone():
    result = run(TuningCurve(points=5), record=[])
    kind = catalog.load("hodgkin-huxley")
    for current, rate in result.observe("rates").T:
        cell = kind(current=float(current))
        times = run(cell, cell.steps_for(700.0), record=["spikes"])["spikes"]
        times = times[times >= 200.0]
        alone = 1000.0 * (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
        assert rate == pytest.approx(alone, rel=1e-7)


def test_the_curve_grows_while_the_sweep_runs():
    simulation = Simulation(TuningCurve(neuron="leaky-integrate-and-fire"))
    measured = []
    for _ in range(8):
        simulation.advance(10)
        measured.append(np.count_nonzero(simulation.observe("rates")[1]))
    assert measured[0] == 0 and measured[-1] > 10 and sorted(measured) == measured


def test_the_sweep_ends_by_itself():
    simulation = Simulation(TuningCurve(neuron="leaky-integrate-and-fire", duration=50.0, transient=10.0))
    block = simulation.advance(1000)
    assert block.steps == 12 and simulation.over == "the sweep is complete"


def test_theory_is_drawn_only_for_neurons_that_have_one():
    with_theory = Simulation(TuningCurve(neuron="leaky-integrate-and-fire"))
    assert with_theory.observe("theory").shape[1] > 100
    assert Simulation(TuningCurve()).observe("theory").shape == (2, 0)


def test_a_clicked_point_shows_the_trace_of_its_cell():
    simulation = Simulation(TuningCurve(points=3, settings="dt=0.02"))
    simulation.act("pick", index=1)
    time, V = simulation.observe("trace")
    kind = catalog.load("hodgkin-huxley")
    cell = kind(current=10.0, dt=0.02)
    expected = run(cell, 10_000, record={"V": 1})["V"]
    np.testing.assert_allclose(V[1:], expected, atol=1e-8)
    assert time[-1] == pytest.approx(200.0)
    assert simulation.observe("chosen")[0, 0] == 10.0


def test_settings_of_the_neuron_are_used_and_mistakes_in_them_explained():
    assert TuningCurve(settings="block_Na=100, dt=0.05").cell().block_Na == 100.0
    with pytest.raises(LabError, match="no parameter 'g_NA'"):
        TuningCurve(settings="g_NA=1").cell()
    with pytest.raises(LabError, match="not of the form name=value"):
        TuningCurve(settings="g_Na").cell()
    with pytest.raises(ParameterError, match="highest"):
        TuningCurve(range="chosen", lowest=3.0, highest=3.0)
