"""A cell that hears when spikes come, and one that counts them."""

import numpy as np
import pytest

from lab.engine.simulation import Simulation, run
from lab.errors import ParameterError
from lab.models.neurons.tempotron import SPIKES, Tempotron


@pytest.mark.parametrize("figure", [f for f in Tempotron.figures() if not f.slow], ids=lambda f: f.name)
def test_figure_is_met(figure):
    measured = figure.measure(run)
    assert figure.accepts(measured), f"{measured} against {figure.expected} {figure.allowed}"


def test_what_a_look_hears_is_a_sum_of_responses_one_by_one():
    model = Tempotron(spikes=SPIKES[1], patterns=3, inputs=4)
    when, heard, counted, labels = model.build(2)
    for t in (0, 40, 249):
        for i in range(4):
            direct = sum(float(model.response(np.array(2.0 * t - s))) for s in when[1, i] if np.isfinite(s))
            assert heard[1, t, i] == pytest.approx(direct, abs=1e-12)
    assert counted.shape == (3, 4) and labels.sum() == 2
    assert float(model.response(np.linspace(0, 60, 60_001)).max()) == pytest.approx(1.0, abs=1e-8)


def test_the_next_patterns_are_looked_at_and_the_synapse_is_quicker_than_the_membrane():
    simulation = Simulation(Tempotron(patterns=10, inputs=5), 1)
    before = simulation.observe("shown").copy()
    simulation.act("following")
    assert before.shape == simulation.observe("shown").shape == (10, 3) and not np.array_equal(before, simulation.observe("shown"))
    with pytest.raises(ParameterError, match="membrane"):
        Tempotron(tau_s=20.0)
